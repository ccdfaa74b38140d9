import { AppError } from '../errors/app-error.js';

/** What msgSecCheck suggests to do with a text. */
export const SUGGESTIONS = ['risky', 'review'] as const;

/** The labels of msgSecCheck 2.0 but 100, which is for texts with nothing wrong in them. */
export const RISK_LABELS = [10001, 20001, 20002, 20003, 20006, 20008, 20012, 20013, 21000] as const;

/** A text that WeChat objects to, in whatever it is part of. */
export interface RiskyText {
  readonly text: string;
  readonly suggest: (typeof SUGGESTIONS)[number];
  readonly label: (typeof RISK_LABELS)[number];
}

// Far more than a test can oversee.
const TEXTS_MAX = 1000;

/** The texts that WeChat objects to. */
export class RiskyTexts {
  private texts: RiskyText[] = [];

  /** @throws AppError VALIDATION_FAILED when 1000 texts are risky already */
  add(risky: RiskyText): void {
    const others = this.texts.filter(({ text }) => text !== risky.text);
    if (others.length >= TEXTS_MAX) {
      throw new AppError('VALIDATION_FAILED', { detail: `At most ${TEXTS_MAX} texts can be risky.` });
    }
    this.texts = [...others, risky];
  }

  /** The risky text that one of these contains; of several the one that was added first. */
  findIn(contents: readonly string[]): RiskyText | null {
    return this.texts.find(({ text }) => contents.some((content) => content.includes(text))) ?? null;
  }

  clear(): void {
    this.texts = [];
  }
}
