import { Body, Controller, HttpCode, Post, UseGuards } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Public } from '../../http/access.decorator.js';
import { SandboxControlGuard } from '../sandbox-control.guard.js';
import { PushSender } from './push-sender.js';
import { PushAnswers, PushRequest, PushTarget, UrlCheckAnswer } from './sandbox-push.dto.js';

/** Plays WeChat's message push. */
@Public()
@UseGuards(SandboxControlGuard)
@ApiTags('sandbox')
@Controller('sandbox/push')
export class SandboxPushController {
  constructor(private readonly sender: PushSender) {}

  @Post()
  @HttpCode(200)
  @ApiOperation({ summary: 'Push an event to a server, signed and encrypted' })
  @ApiOkResponse({ type: PushAnswers })
  async push(@Body() request: PushRequest): Promise<PushAnswers> {
    return { answers: await this.sender.send(request) };
  }

  @Post('check-url')
  @HttpCode(200)
  @ApiOperation({ summary: 'Check a push URL as the WeChat console does' })
  @ApiOkResponse({ type: UrlCheckAnswer })
  checkUrl(@Body() target: PushTarget): Promise<UrlCheckAnswer> {
    return this.sender.checkUrl(target);
  }
}
