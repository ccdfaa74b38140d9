import { Injectable } from '@nestjs/common';
import { Cleaning, DELETION_CHUNK, untilFewer } from '../../database/cleaning.js';
import { OtpChallengesRepository } from '../sms/otp-challenges.repository.js';
import { AttemptsRepository } from './attempts.repository.js';

const EVERY_MS = 600_000;

/** Has failures that count no more and codes of another day deleted; instances skip what another one is at. */
@Injectable()
export class CredentialCleaning {
  constructor(cleaning: Cleaning, attempts: AttemptsRepository, challenges: OtpChallengesRepository) {
    const everyMs = EVERY_MS;
    cleaning.add({
      name: 'failed attempts',
      everyMs,
      chunks: () => untilFewer(DELETION_CHUNK, () => attempts.deleteForgotten()),
    });
    cleaning.add({
      name: 'one-time codes',
      everyMs,
      chunks: () => untilFewer(DELETION_CHUNK, () => challenges.deleteDead()),
    });
  }
}
