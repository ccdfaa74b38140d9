import { Injectable } from '@nestjs/common';
import type { AuditEventName, PersonalField } from '../../audit/audit-event.js';
import { Audit } from '../../audit/audit.js';
import { Database } from '../../database/database.js';
import type { Queries } from '../../database/statement.js';
import { AppError } from '../../errors/app-error.js';
import { KeyedHash } from '../../secrets/keyed-hash.js';
import { textOf } from './parse-push.js';
import type { PushOutcome } from './push-event.entity.js';
import { isDeleting, isKnown, type ParsedPush, type PushEvent } from './push-event.js';
import { PushEventsRepository } from './push-events.repository.js';
import type { PushEffect } from './push-subscriber.js';
import { PushSubscribers } from './push-subscribers.js';

/** Takes what WeChat pushes: each event has its effect once, however often it is repeated, at once or years later. */
@Injectable()
export class PushInbox {
  constructor(
    private readonly database: Database,
    private readonly keyedHash: KeyedHash,
    private readonly events: PushEventsRepository,
    private readonly subscribers: PushSubscribers,
    private readonly audit: Audit,
  ) {}

  /**
   * Takes a verified event. When this returns, its effect is committed and every subscriber knows of it, now or from an
   * earlier push of the same event.
   *
   * @param traceId of the request
   * @throws AppError SERVICE_UNAVAILABLE - nothing has happened, or a subscriber failed; WeChat repeats the push
   */
  async take(parsed: ParsedPush, traceId: string): Promise<void> {
    const hash = await this.hashOf(parsed);
    const outcome = outcomeOf(parsed);
    const delivered = outcome === 'ignored_plain_mode' || !this.subscribers.hear;

    const taken = await this.database.transaction(async (transaction) => {
      const { appId, name } = parsed;
      const id = await this.events.insert(transaction, { hash, appId, event: name, outcome, delivered });
      if (id === null) return null;
      const event = { ...parsed, id, traceId };
      return { event, effects: await this.actWithin(event, outcome, transaction) };
    });

    if (!taken) return this.repeat(parsed, hash, traceId);
    for (const effect of taken.effects) effect.committed?.();
    if (!delivered) await this.deliver(taken.event);
  }

  private async actWithin(event: PushEvent, outcome: PushOutcome, transaction: Queries): Promise<PushEffect[]> {
    const effects = event.secure ? await this.subscribers.actWithin(event, transaction) : [];
    const record = (name: AuditEventName, userId: string | null, withdrawn: readonly PersonalField[]) =>
      this.audit.record(
        {
          event: name,
          actor: { kind: 'wechat', id: null },
          traceId: event.traceId,
          appId: event.appId,
          userId,
          reason: event.name,
          subject: event.id,
          fields: withdrawn,
        },
        transaction,
      );
    for (const { userId, withdrawn } of effects) await record('wechat_data_withdrawn', userId, withdrawn);
    if (outcome === 'ignored_plain_mode') await record('wechat_push_ignored', null, []);
    if (outcome === 'unknown' && effects.length === 0) await record('wechat_push_unknown', null, []);
    return effects;
  }

  /** An event that was taken before has had its effect; whether everybody was told of it is another matter. */
  private async repeat(parsed: ParsedPush, hash: Buffer, traceId: string): Promise<void> {
    const before = await this.events.find(hash);
    if (before && !before.delivered) await this.deliver({ ...parsed, id: before.id, traceId });
  }

  private async deliver(event: PushEvent): Promise<void> {
    if (!(await this.subscribers.tell(event))) {
      throw new AppError('SERVICE_UNAVAILABLE', { context: { pushId: event.id, reason: 'a subscriber failed' } });
    }
    await this.events.markDelivered(event.id);
  }

  /**
   * What tells events apart: app, person, event and time. One person can withdraw two things within one second, or send
   * two messages, so what was withdrawn and the message's id belong to it; and so does the mode, or a made-up push of
   * plain mode could keep the true one out.
   */
  private hashOf({ appId, openid, name, createdAt, secure, fields }: ParsedPush): Promise<Buffer> {
    const details = [textOf(fields, 'RevokeInfo') ?? '', textOf(fields, 'MsgId') ?? ''];
    const mode = secure ? 'secure' : 'plain';
    return this.keyedHash.of('push_event', mode, appId, openid ?? '', name, String(createdAt), ...details);
  }
}

/** What becomes of an event. One that deletes counts as obeyed even if there is nothing to delete: it must not come again. */
function outcomeOf({ name, secure }: ParsedPush): PushOutcome {
  if (!isKnown(name)) return 'unknown';
  if (!isDeleting(name)) return 'recorded';
  return secure ? 'obeyed' : 'ignored_plain_mode';
}
