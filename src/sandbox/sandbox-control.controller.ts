import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query, UseGuards } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { AppError } from '../errors/app-error.js';
import { Public } from '../http/access.decorator.js';
import type { Fault } from './faults.js';
import {
  CallsAnswer,
  CallsQuery,
  ClockAnswer,
  ClockRequest,
  ExpireTokensRequest,
  FaultRequest,
  FaultsAnswer,
  QuotaRequest,
  QuotasAnswer,
  RiskyTextRequest,
  SandboxAppAnswer,
  SandboxAppRequest,
} from './sandbox-control.dto.js';
import { SandboxControlGuard } from './sandbox-control.guard.js';
import { Sandbox } from './sandbox.js';

/** Plays WeChat itself: its settings, its clock, and its bad days. */
@Public()
@UseGuards(SandboxControlGuard)
@ApiTags('sandbox')
@Controller('sandbox')
export class SandboxControlController {
  constructor(private readonly sandbox: Sandbox) {}

  @Post('apps/:appId')
  @HttpCode(200)
  @ApiOperation({ summary: 'Bind an app to an Open Platform account, or unbind it' })
  @ApiOkResponse({ type: SandboxAppAnswer })
  bindApp(@Param('appId') appId: string, @Body() { openPlatform }: SandboxAppRequest): SandboxAppAnswer {
    this.sandbox.bindApp(appId, openPlatform);
    return { appId, openPlatform };
  }

  @Post('access-tokens/expire')
  @HttpCode(204)
  @ApiOperation({ summary: 'End the access_tokens that the apps hold' })
  @ApiNoContentResponse()
  expireAccessTokens(@Body() { errcode, appId }: ExpireTokensRequest): void {
    this.sandbox.refuseAccessTokens(errcode, appId);
  }

  @Post('quotas')
  @HttpCode(200)
  @ApiOperation({ summary: 'Set how often every app may make a call' })
  @ApiOkResponse({ type: QuotasAnswer })
  setQuota(@Body() { api, minute, day }: QuotaRequest): QuotasAnswer {
    this.sandbox.setQuota(api, { minute: minute ?? null, day: day ?? null });
    return this.quotas();
  }

  @Get('quotas')
  @ApiOperation({ summary: 'List the calls that have a quota' })
  @ApiOkResponse({ type: QuotasAnswer })
  quotas(): QuotasAnswer {
    return { quotas: this.sandbox.quotas() };
  }

  @Delete('quotas')
  @HttpCode(204)
  @ApiOperation({ summary: 'Go back to the quotas that WeChat publishes, and count from zero' })
  @ApiNoContentResponse()
  resetQuotas(): void {
    this.sandbox.resetQuotas();
  }

  @Post('risky-texts')
  @HttpCode(204)
  @ApiOperation({ summary: 'Make WeChat object to a text' })
  @ApiNoContentResponse()
  addRiskyText(@Body() { text, suggest = 'risky', label = 20006 }: RiskyTextRequest): void {
    this.sandbox.addRiskyText({ text, suggest, label });
  }

  @Delete('risky-texts')
  @HttpCode(204)
  @ApiOperation({ summary: 'Make WeChat object to nothing' })
  @ApiNoContentResponse()
  clearRiskyTexts(): void {
    this.sandbox.clearRiskyTexts();
  }

  @Post('faults')
  @HttpCode(200)
  @ApiOperation({ summary: 'Make the next calls of the WeChat API go wrong' })
  @ApiOkResponse({ type: FaultsAnswer })
  fail(@Body() request: FaultRequest): FaultsAnswer {
    this.sandbox.fail({ api: request.api, times: request.times ?? 1, ...toFault(request) });
    return { faults: this.sandbox.faultsInForce() };
  }

  @Delete('faults')
  @HttpCode(204)
  @ApiOperation({ summary: 'End all faults' })
  @ApiNoContentResponse()
  clearFaults(): void {
    this.sandbox.clearFaults();
  }

  @Get('calls')
  @ApiOperation({ summary: 'List the calls of the WeChat API that arrived' })
  @ApiOkResponse({ type: CallsAnswer })
  calls(@Query() { api }: CallsQuery): CallsAnswer {
    return { calls: this.sandbox.calls(api) };
  }

  @Delete('calls')
  @HttpCode(204)
  @ApiOperation({ summary: 'Forget the calls that arrived' })
  @ApiNoContentResponse()
  clearCalls(): void {
    this.sandbox.clearCalls();
  }

  @Post('clock')
  @HttpCode(200)
  @ApiOperation({ summary: 'Move the clock of the sandbox forward' })
  @ApiOkResponse({ type: ClockAnswer })
  advanceClock(@Body() { advanceSeconds }: ClockRequest): ClockAnswer {
    this.sandbox.advance(advanceSeconds);
    return { now: new Date(this.sandbox.now()).toISOString() };
  }
}

function toFault({ kind, ms, errcode, status }: FaultRequest): Fault {
  switch (kind) {
    case 'delay':
      return { kind, ms: required('ms', ms) };
    case 'errcode':
      return { kind, errcode: required('errcode', errcode) };
    case 'status':
      return { kind, status: required('status', status) };
    default:
      return { kind };
  }
}

function required(field: string, value: number | undefined): number {
  if (value !== undefined) return value;
  throw new AppError('VALIDATION_FAILED', { detail: `${field}: is required for this kind of fault` });
}
