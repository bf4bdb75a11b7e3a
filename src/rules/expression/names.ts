/** Finds every name that does not exist, every object used as a value and every list asked otherwise than with `in`. */
import { didYouMean, nearestName } from '../../domain/did-you-mean.ts';
import { type ASTNode, childrenOf, hasOperand, type Loop, loopOf, pathSteps } from './syntax.ts';
import type { Vocabulary } from './vocabulary.ts';

export interface NameFault {
  readonly offset: number;
  readonly message: string;
  readonly suggestion?: string | undefined;
}

type Use = 'value' | 'presence' | 'membership';

function unknownStep(names: readonly string[], offset: number, vocabulary: Vocabulary): NameFault {
  for (let length = names.length - 1; length > 0; length--) {
    const owner = names.slice(0, length).join('.');
    const typed = names[length] ?? '';
    const members = vocabulary.objects.get(owner);
    if (members !== undefined)
      return { offset, message: `unknown name ${owner}.${typed}`, suggestion: didYouMean(typed, members) };
    const term = vocabulary.term(owner);
    if (term !== undefined) return { offset, message: `${owner} is ${term.type} and has no field ${typed}` };
  }
  const typed = names[0] ?? '';
  const root = nearestName(typed, vocabulary.roots);
  const members = new Map(vocabulary.names.map((name) => [name.slice(name.indexOf('.') + 1), name]));
  const member = nearestName(typed, members.keys());
  const full = vocabulary.names.find((name) => name.endsWith(`.${typed}`)) ?? members.get(member ?? '');
  const nearest = root ?? full;
  return {
    offset,
    message: `unknown name ${typed}`,
    suggestion: nearest === undefined ? undefined : `did you mean ${nearest}?`,
  };
}

/** Which step of the path is the first that is not known. */
function firstUnknown(names: readonly string[], vocabulary: Vocabulary): number {
  for (let length = 1; length <= names.length; length++) {
    const prefix = names.slice(0, length).join('.');
    const known =
      vocabulary.objects.has(prefix) || vocabulary.term(prefix) !== undefined || vocabulary.roots.includes(prefix);
    if (!known) return length - 1;
  }
  return names.length - 1;
}

function checkList(names: readonly string[], offset: number, use: Use, vocabulary: Vocabulary): NameFault | undefined {
  const name = names.slice(1).join('.');
  if (vocabulary.lists.has(name)) {
    if (use === 'membership') return undefined;
    return { offset, message: `a list is asked with "in": … in lists.${name}` };
  }
  if (names.length === 1) return { offset, message: 'lists is an object: name one of its lists' };
  return { offset, message: `unknown list ${name}`, suggestion: didYouMean(name, vocabulary.lists) };
}

function checkPath(node: ASTNode, use: Use, vocabulary: Vocabulary): NameFault | undefined {
  const steps = pathSteps(node) ?? [];
  const names = steps.map((step) => step.name);
  const path = names.join('.');
  const last = steps.at(-1)?.offset ?? node.pos;
  if (names[0] === 'lists' && vocabulary.roots.includes('lists')) return checkList(names, last, use, vocabulary);
  if (vocabulary.term(path) !== undefined) return undefined;
  const members = vocabulary.objects.get(path);
  if (members === undefined) {
    const index = firstUnknown(names, vocabulary);
    return unknownStep(names.slice(0, index + 1), steps[index]?.offset ?? node.pos, vocabulary);
  }
  if (use === 'presence' && path.startsWith('tx.')) return undefined;
  return { offset: last, message: `${path} is an object: name one of its fields (${members.slice(0, 8).join(', ')})` };
}

type Report = (fault: NameFault) => void;

function visitLoop(loop: Loop, bound: ReadonlySet<string>, vocabulary: Vocabulary, report: Report): void {
  const { variable, variableNode } = loop;
  if (bound.has(variable) || vocabulary.roots.includes(variable))
    report({ offset: variableNode.pos, message: `the loop variable ${variable} hides another name` });
  visit(loop.range, bound, 'value', vocabulary, report);
  for (const part of loop.body) visit(part, new Set([...bound, variable]), 'value', vocabulary, report);
}

function visit(node: ASTNode, bound: ReadonlySet<string>, use: Use, vocabulary: Vocabulary, report: Report): void {
  const steps = pathSteps(node);
  const operand = hasOperand(node);
  const loop = loopOf(node);
  if (steps !== undefined) {
    const fault = bound.has(steps[0]?.name ?? '') ? undefined : checkPath(node, use, vocabulary);
    if (fault !== undefined) report(fault);
  } else if (operand !== undefined) {
    visit(operand, bound, 'presence', vocabulary, report);
  } else if (loop !== undefined) {
    visitLoop(loop, bound, vocabulary, report);
  } else if (node.op === 'in') {
    visit(node.args[0], bound, 'value', vocabulary, report);
    visit(node.args[1], bound, 'membership', vocabulary, report);
  } else {
    for (const child of childrenOf(node)) visit(child, bound, 'value', vocabulary, report);
  }
}

export function checkNames(root: ASTNode, vocabulary: Vocabulary): readonly NameFault[] {
  const faults: NameFault[] = [];
  visit(root, new Set(), 'value', vocabulary, (fault) => faults.push(fault));
  return faults;
}
