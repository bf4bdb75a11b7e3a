/**
 * Who may bring a change into force. It needs the tests beside it to have passed and an approval by somebody else than its
 * author, bound to the hash of exactly this content and not expired. Pure; the store of the versions is elsewhere.
 */
export interface Proposal {
  /** names exactly this content */
  readonly hash: string;
  readonly author: string;
  /** the tests beside this content were run and passed */
  readonly testsPassed: boolean;
}

export interface Approval {
  readonly hash: string;
  readonly approver: string;
  readonly approvedAtMs: number;
  readonly expiresAtMs: number;
}

export const REFUSALS = {
  TESTS_FAILED: 'the tests beside it have not passed',
  OTHER_CONTENT: 'the approval is for other content',
  SELF_APPROVED: 'author and approver are the same person',
  EXPIRED: 'the approval has expired, or will have by then',
  NOT_YET_APPROVED: 'the approval lies in the future',
  ALREADY_ACTIVE: 'it is in force already',
  NOTHING_BEFORE: 'there is no earlier generation to go back to',
  NOTHING_SCHEDULED: 'nothing is scheduled',
} as const;
export type RefusalCode = keyof typeof REFUSALS;

export interface Refusal {
  readonly code: RefusalCode;
  readonly message: string;
}

const refusal = (code: RefusalCode): Refusal => ({ code, message: REFUSALS[code] });

/** Letters of other scripts that look like Latin ones, and the Latin ones: a second "wang" with a Cyrillic а is no second person. */
const LOOK_ALIKES = new Map(
  ['аaвbсcеeһhіiјjкkмmнhоoрpѕsтtуyхxԁdɡgӏl', 'αaβbεeηnιiκkνvοoρpτtυuχxγy', 'ıi'].flatMap((pairs) =>
    Array.from(pairs.matchAll(/(.)(.)/gu), ([, like = '', letter = '']): [string, string] => [like, letter]),
  ),
);

/**
 * People are compared as they are read: without regard to case, width, blanks, characters that cannot be seen, and letters of
 * other scripts that look the same. Two honest names that this makes one are rare, and then one of them signs with more.
 */
export function isSamePerson(one: string, other: string): boolean {
  const person = (name: string): string =>
    Array.from(
      name
        .normalize('NFKC')
        .toLowerCase()
        .replace(/[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}]/gu, ''),
      (letter) => LOOK_ALIKES.get(letter) ?? letter,
    ).join('');
  return person(one) === person(other);
}

/** undefined = it may be activated. Hashes are compared whole. */
export function refuseActivation(proposal: Proposal, approval: Approval, nowMs: number): Refusal | undefined {
  if (!proposal.testsPassed) return refusal('TESTS_FAILED');
  if (approval.hash !== proposal.hash) return refusal('OTHER_CONTENT');
  if (isSamePerson(approval.approver, proposal.author)) return refusal('SELF_APPROVED');
  if (approval.approvedAtMs > nowMs) return refusal('NOT_YET_APPROVED');
  return nowMs >= approval.expiresAtMs ? refusal('EXPIRED') : undefined;
}
