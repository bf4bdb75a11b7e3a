/** The list of keys ("?"). */
import type { ReactNode } from 'react';
import { Button } from 'react-aria-components/Button';
import { Dialog } from 'react-aria-components/Dialog';
import { Heading } from 'react-aria-components/Heading';
import { Modal, ModalOverlay } from 'react-aria-components/Modal';
import { usePreferences } from '../i18n/language.tsx';
import type { MessageKey } from '../i18n/messages-en.ts';

const KEYS: readonly (readonly [readonly string[], MessageKey])[] = [
  [['j', '↓'], 'shortcuts.next'],
  [['k', '↑'], 'shortcuts.previous'],
  [['Home'], 'shortcuts.first'],
  [['End'], 'shortcuts.last'],
  [['Enter'], 'shortcuts.open'],
  [['Esc'], 'shortcuts.back'],
  [['c'], 'shortcuts.claim'],
  [['r'], 'shortcuts.release'],
  [['x'], 'shortcuts.close'],
  [['n'], 'shortcuts.new'],
  [['/'], 'shortcuts.search'],
  [['?'], 'shortcuts.help'],
];

export function ShortcutsDialog(props: { readonly onClose: () => void }): ReactNode {
  const { t } = usePreferences();
  return (
    <ModalOverlay className="overlay" isOpen isDismissable onOpenChange={(isOpen) => isOpen || props.onClose()}>
      <Modal className="modal">
        <Dialog className="dialog">
          <Heading slot="title" level={2}>
            {t('shortcuts.title')}
          </Heading>
          <dl className="keys">
            {KEYS.map(([keys, meaning]) => (
              <div className="key-row" key={meaning}>
                <dt>
                  {keys.map((key) => (
                    <kbd key={key}>{key}</kbd>
                  ))}
                </dt>
                <dd>{t(meaning)}</dd>
              </div>
            ))}
          </dl>
          <div className="buttons">
            <Button className="button primary" autoFocus onPress={props.onClose}>
              {t('action.dismiss')}
            </Button>
          </div>
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}
