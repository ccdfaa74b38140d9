import type { INestApplicationContext } from '@nestjs/common';
import { isUUID } from 'class-validator';
import { AccountLock } from '../account/account-lock.js';
import { AccountUnmerging } from '../account/merge/account-unmerging.js';
import { OPERATOR } from './operator.js';

/** Ends all sessions of a user and refuses their sign-in. */
export async function disableUser(app: INestApplicationContext, userId: string | undefined): Promise<void> {
  const done = isUUID(userId) && (await app.get(AccountLock).disable(userId as string, OPERATOR));
  report(done, 'Disabled.', 'There is no active user with this id.');
}

/** Lets a disabled user sign in again. */
export async function enableUser(app: INestApplicationContext, userId: string | undefined): Promise<void> {
  const done = isUUID(userId) && (await app.get(AccountLock).enable(userId as string, OPERATOR));
  report(done, 'Enabled.', 'There is no disabled user with this id.');
}

/** Makes an account again of one that was merged into another; says why when it cannot. */
export async function unmergeUser(app: INestApplicationContext, absorbedId: string | undefined): Promise<void> {
  if (!isUUID(absorbedId)) throw new Error('There is no user with this id.');
  const survivorId = await app.get(AccountUnmerging).undo(absorbedId as string, OPERATOR);
  console.log(`Unmerged from ${survivorId}. Both sign in again, each as before.`);
}

function report(done: boolean, success: string, failure: string): void {
  console.log(done ? success : failure);
  if (!done) process.exitCode = 1;
}
