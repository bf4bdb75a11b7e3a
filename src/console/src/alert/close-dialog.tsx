/**
 * Closing an alert: what it was, and a note. When somebody was faster the dialog stays, says who and what, keeps the note,
 * and offers to close all the same if that is still possible.
 */
import { type ReactNode, useState } from 'react';
import { Button } from 'react-aria-components/Button';
import { Dialog } from 'react-aria-components/Dialog';
import { Heading } from 'react-aria-components/Heading';
import { Label } from 'react-aria-components/Label';
import { Modal, ModalOverlay } from 'react-aria-components/Modal';
import { Radio, RadioGroup } from 'react-aria-components/RadioGroup';
import { Text } from 'react-aria-components/Text';
import { TextArea } from 'react-aria-components/TextArea';
import { TextField } from 'react-aria-components/TextField';
import type { Alert, Disposition } from '../../../http/api-types.ts';
import { Icon } from '../controls/icons.tsx';
import { usePreferences } from '../i18n/language.tsx';
import { listSentence } from '../narrative/sentence.ts';
import './close-dialog.css';
import { stateWords } from './state-words.ts';
import { type AlertActions, isPossible } from './use-alert-actions.ts';

const CHOICES: readonly Disposition[] = ['confirmed_fraud', 'genuine', 'inconclusive'];
const MAX_NOTE = 2000;

function Choices(props: {
  readonly value: Disposition | null;
  readonly onChange: (value: Disposition) => void;
}): ReactNode {
  const { t } = usePreferences();
  return (
    <RadioGroup
      className="field"
      value={props.value}
      onChange={(value) => props.onChange(CHOICES.find((choice) => choice === value) ?? 'inconclusive')}
    >
      <Label>{t('close.what')}</Label>
      {CHOICES.map((choice, index) => (
        <Radio key={choice} value={choice} className="disposition" autoFocus={index === 0}>
          <span className="radio-mark" aria-hidden="true" />
          <span>
            <strong>{t(`disposition.${choice}`)}</strong>
            <span className="help">{t(`disposition.${choice}.help`)}</span>
          </span>
        </Radio>
      ))}
    </RadioGroup>
  );
}

type Trouble =
  | { readonly kind: 'none' | 'unchosen' | 'conflict' }
  | { readonly kind: 'failed'; readonly detail: string };

function TroubleNote({ trouble, alert }: { readonly trouble: Trouble; readonly alert: Alert }): ReactNode {
  const preferences = usePreferences();
  const { t } = preferences;
  if (trouble.kind === 'none') return null;
  return (
    <div className="notice warn" role="alert">
      <Icon name="warn" />
      <span className="grow">
        {trouble.kind === 'unchosen' ? t('close.choose') : null}
        {trouble.kind === 'failed' ? t('done.failed', { detail: trouble.detail }) : null}
        {trouble.kind === 'conflict' ? (
          <>
            <strong>{t('conflict.title')}</strong>
            {t('conflict.nothingDone', { state: stateWords(alert, preferences) })}
            {isPossible(alert, 'close') ? null : ` ${t('close.alreadyClosed')}`}
          </>
        ) : null}
      </span>
    </div>
  );
}

export function CloseDialog(props: {
  readonly alert: Alert;
  readonly actions: AlertActions;
  readonly onDone: () => void;
}): ReactNode {
  const preferences = usePreferences();
  const { t } = preferences;
  const [alert, setAlert] = useState(props.alert);
  const [disposition, setDisposition] = useState<Disposition | null>(null);
  const [note, setNote] = useState('');
  const [trouble, setTrouble] = useState<Trouble>({ kind: 'none' });
  const canClose = isPossible(alert, 'close');

  const submit = async (): Promise<void> => {
    if (disposition === null) return setTrouble({ kind: 'unchosen' });
    const text = note.trim();
    const step = { kind: 'close', disposition, ...(text === '' ? {} : { note: text }) } as const;
    const result = await props.actions.take(alert, step);
    if (result.kind === 'done') return props.onDone();
    if (result.kind === 'failed') return setTrouble({ kind: 'failed', detail: result.detail });
    setAlert(result.alert);
    setTrouble({ kind: 'conflict' });
  };
  return (
    <ModalOverlay className="overlay" isOpen isDismissable onOpenChange={(isOpen) => isOpen || props.onDone()}>
      <Modal className="modal">
        <Dialog className="dialog">
          <Heading slot="title" level={2}>
            {t('close.title')}
          </Heading>
          <p className="muted">{listSentence(alert, preferences)}</p>
          <Choices value={disposition} onChange={setDisposition} />
          <TextField className="field" value={note} onChange={setNote} maxLength={MAX_NOTE}>
            <Label>{t('close.note')}</Label>
            <TextArea className="input" />
            <Text slot="description" className="help">
              {t('close.noteHelp')}
            </Text>
          </TextField>
          <TroubleNote trouble={trouble} alert={alert} />
          <div className="buttons">
            <Button className="button" onPress={props.onDone}>
              {t(canClose ? 'action.cancel' : 'action.dismiss')}
            </Button>
            {canClose ? (
              <Button
                className="button primary"
                isPending={props.actions.busyId !== null}
                onPress={() => void submit()}
              >
                {t(trouble.kind === 'conflict' ? 'close.submitAgain' : 'close.submit')}
              </Button>
            ) : null}
          </div>
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}
