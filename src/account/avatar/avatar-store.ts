import type { Queries } from '../../database/statement.js';
import type { ImageType } from './image-type.js';

/** Injection token of the `AvatarStore`; the database, unless a module provides another one. */
export const AVATAR_STORE = Symbol('AvatarStore');

/** An image whose type was told by its bytes. */
export interface AvatarImage {
  readonly mediaType: ImageType;
  readonly bytes: Buffer;
}

/** Where the pictures of people are kept. */
export interface AvatarStore {
  /**
   * Keeps an image, outside of any transaction, and answers its URL: public, never used again, and impossible to guess.
   * It is nobody's avatar yet. Null when there is no such active person.
   */
  keep(userId: string, image: AvatarImage): Promise<string | null>;

  /**
   * Deletes a person's image at this URL, or with null every one they ever uploaded, those of accounts they absorbed
   * included. Part of the transaction: a store elsewhere may only note here what it deletes once that has committed.
   * A URL that is none of the store's is no error.
   */
  giveUp(transaction: Queries, userId: string, url: string | null): Promise<void>;
}
