/** Which session belongs to which habit. */
import type { Habit } from '../customers.ts';
import {
  atmDeposit,
  atmWithdrawal,
  bill,
  counter,
  income,
  look,
  maintenance,
  phone,
  selfService,
  sms,
  television,
  transfer,
} from './banking.ts';
import { directLink, firmIncome, firmPayments } from './firms.ts';
import { creditCard, pos, qr, webPayment } from './purchases.ts';
import type { Session } from './scene.ts';

export const SESSIONS: Readonly<Record<Habit, Session>> = {
  qr,
  webPayment,
  pos,
  creditCard,
  transfer,
  bill,
  look,
  atmWithdrawal,
  atmDeposit,
  counter,
  selfService,
  phone,
  sms,
  television,
  maintenance,
  firmPayments,
  directLink,
  firmIncome,
  income,
};
