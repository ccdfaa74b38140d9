import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean, IsIn, IsInt, IsObject, IsString, Matches, Max, MaxLength, Min } from 'class-validator';
import { Optional } from '../../http/optional.decorator.js';

const USER_ID = /^[A-Za-z0-9_-]{1,64}$/;
const EVENT = /^[A-Za-z0-9_]{1,64}$/;
const TIMES_MAX = 100;
// The end of the year 5138; WeChat's times are seconds.
const SECONDS_MAX = 99_999_999_999;

/** Where a push goes, and for which app. */
export class PushTarget {
  @ApiProperty({ description: 'The push URL of the server under test. Loopback only, unless the sandbox has a token' })
  @IsString()
  @MaxLength(2048)
  url!: string;

  @ApiPropertyOptional({ description: 'The first app if absent' })
  @Optional()
  @IsString()
  @MaxLength(128)
  appId?: string;
}

/** `POST /sandbox/push` */
export class PushRequest extends PushTarget {
  @ApiProperty({ pattern: USER_ID.source, description: 'The user of the sandbox whom the event is about' })
  @Matches(USER_ID, { message: '$property must be 1 to 64 letters, digits, _ or -' })
  user!: string;

  @ApiProperty({ pattern: EVENT.source, example: 'user_authorization_cancellation' })
  @Matches(EVENT, { message: '$property must be 1 to 64 letters, digits or _' })
  event!: string;

  @ApiPropertyOptional({ enum: ['secure', 'plain'], description: 'secure if absent' })
  @Optional()
  @IsIn(['secure', 'plain'])
  mode?: 'secure' | 'plain';

  @ApiPropertyOptional({ enum: ['json', 'xml'], description: 'json if absent' })
  @Optional()
  @IsIn(['json', 'xml'])
  format?: 'json' | 'xml';

  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: { type: 'string' },
    example: { RevokeInfo: '8' },
    description: 'More fields of the message, or others in the place of the usual ones; texts and numbers',
  })
  @Optional()
  @IsObject()
  fields?: Record<string, unknown>;

  @ApiPropertyOptional({ description: 'Seconds since 1970; the time of the sandbox if absent' })
  @Optional()
  @IsInt()
  @Min(0)
  @Max(SECONDS_MAX)
  createTime?: number;

  @ApiPropertyOptional({ minimum: 1, maximum: TIMES_MAX, description: 'How often the same event is sent; 1 if absent' })
  @Optional()
  @IsInt()
  @Min(1)
  @Max(TIMES_MAX)
  times?: number;

  @ApiPropertyOptional({ description: 'Whether the repeats are sent all at once; false if absent' })
  @Optional()
  @IsBoolean()
  simultaneous?: boolean;
}

/** What the server under test answered. */
export class PushAnswer {
  @ApiProperty({ type: 'integer', nullable: true, description: 'null: it could not be reached, or took over 5 s' })
  status!: number | null;

  @ApiProperty({ description: 'The first 1,000 characters' })
  body!: string;
}

/** One answer for every time it was sent, in order. */
export class PushAnswers {
  @ApiProperty({ type: [PushAnswer] })
  answers!: PushAnswer[];
}

/** Whether the server under test would pass the check of WeChat's console. */
export class UrlCheckAnswer extends PushAnswer {
  @ApiProperty()
  passed!: boolean;
}
