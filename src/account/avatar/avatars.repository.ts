import { Injectable } from '@nestjs/common';
import { v4 as uuidv4 } from 'uuid';
import { ServerSettings } from '../../config/settings.js';
import { Database } from '../../database/database.js';
import { statement, type Queries } from '../../database/statement.js';
import type { AvatarImage, AvatarStore } from './avatar-store.js';

/** The path under which this server shows avatars, without the version. */
export const AVATARS_PATH = 'avatars';

// For share: an erasure that is under way either deletes this row too, or has none inserted any more.
const insertAvatar = statement<{ id: string }>(
  'insert_avatar',
  `insert into avatars (id, user_id, media_type, bytes)
   select $1, person.id, $3, $4 from (select id from users where id = $2 and status = 'active' for share) as person
   returning id`,
);

const findAvatar = statement<AvatarImage>(
  'find_avatar',
  'select media_type as "mediaType", bytes from avatars where id = $1',
);

const deleteAvatars = statement<never>(
  'delete_avatars',
  `delete from avatars where ($2::uuid is null or id = $2)
     and (user_id = $1 or user_id in (select id from users where merged_into = $1))`,
);

/** Keeps avatars in the database, and shows them on this server. */
@Injectable()
export class AvatarsRepository implements AvatarStore {
  private readonly baseUrl: string;

  constructor(
    private readonly database: Database,
    { publicUrl }: ServerSettings,
  ) {
    this.baseUrl = `${publicUrl}/v1/${AVATARS_PATH}/`;
  }

  async keep(userId: string, { mediaType, bytes }: AvatarImage): Promise<string | null> {
    const [kept] = await this.database.query(insertAvatar, [uuidv4(), userId, mediaType, bytes]);
    return kept ? this.baseUrl + kept.id : null;
  }

  async giveUp(transaction: Queries, userId: string, url: string | null): Promise<void> {
    const id = url === null ? null : idIn(url);
    if (url !== null && id === null) return;
    await transaction.query(deleteAvatars, [userId, id]);
  }

  /** Null when there is none, or it was given up. */
  async find(id: string): Promise<AvatarImage | null> {
    const [image] = await this.database.query(findAvatar, [id]);
    return image ?? null;
  }
}

/** By the end alone: `PUBLIC_URL` may have been another one when the URL was made. */
function idIn(url: string): string | null {
  return /\/v1\/avatars\/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/.exec(url)?.[1] ?? null;
}
