import { Body, Controller, HttpCode, Post, UseGuards } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Public } from '../http/access.decorator.js';
import type { Phones } from './phones.js';
import { SandboxControlGuard } from './sandbox-control.guard.js';
import { SandboxUserAnswer, SandboxUserRequest } from './sandbox-people.dto.js';
import {
  PhoneButtonAnswerDto,
  PhoneButtonRequest,
  PhoneCodeAnswer,
  PhoneRequest,
  UserDataAnswerDto,
  UserDataRequest,
  UserKeyAnswer,
} from './sandbox-phones.dto.js';
import { Sandbox } from './sandbox.js';

/** Plays people and their phones. */
@Public()
@UseGuards(SandboxControlGuard)
@ApiTags('sandbox')
@Controller('sandbox')
export class SandboxPhonesController {
  private readonly phones: Phones;

  constructor(private readonly sandbox: Sandbox) {
    this.phones = sandbox.phones;
  }

  @Post('users')
  @HttpCode(200)
  @ApiOperation({ summary: 'Make a WeChat user, or change the one who has that id' })
  @ApiOkResponse({ type: SandboxUserAnswer })
  createUser(@Body() request: SandboxUserRequest): SandboxUserAnswer {
    return this.sandbox.createUser(request);
  }

  @Post('wx-login')
  @HttpCode(200)
  @ApiOperation({ summary: 'Call wx.login on the phone of a user' })
  @ApiOkResponse({ type: PhoneCodeAnswer })
  wxLogin(@Body() { user, appId }: PhoneRequest): PhoneCodeAnswer {
    return this.phones.login(user, appId);
  }

  @Post('plugin-login')
  @HttpCode(200)
  @ApiOperation({ summary: 'Call wx.pluginLogin in a plugin on the phone of a user' })
  @ApiOkResponse({ type: PhoneCodeAnswer })
  pluginLogin(@Body() { user, appId }: PhoneRequest): PhoneCodeAnswer {
    return this.phones.pluginLogin(user, appId);
  }

  @Post('phone-number')
  @HttpCode(200)
  @ApiOperation({ summary: 'Press the phone number button, and agree' })
  @ApiOkResponse({ type: PhoneButtonAnswerDto })
  pressPhoneButton(@Body() { user, ...options }: PhoneButtonRequest): PhoneButtonAnswerDto {
    return this.phones.pressPhoneButton(user, options);
  }

  @Post('encrypted-data')
  @HttpCode(200)
  @ApiOperation({ summary: 'Encrypt data for the mini-program with the session_key of this moment' })
  @ApiOkResponse({ type: UserDataAnswerDto })
  encrypt(@Body() { user, ...order }: UserDataRequest): UserDataAnswerDto {
    return this.phones.encrypt(user, order);
  }

  @Post('user-key')
  @HttpCode(200)
  @ApiOperation({ summary: 'Call getLatestUserKey on the phone of a user' })
  @ApiOkResponse({ type: UserKeyAnswer })
  latestUserKey(@Body() { user, appId }: PhoneRequest): UserKeyAnswer {
    const { encryptKey, iv, version, expiresAt } = this.phones.latestUserKey(user, appId);
    return { encryptKey, iv, version, expireTime: expiresAt };
  }

  @Post('session-key/rotate')
  @HttpCode(204)
  @ApiOperation({ summary: 'Replace the session_key without telling the server' })
  @ApiNoContentResponse()
  rotateSessionKey(@Body() { user, appId }: PhoneRequest): void {
    this.phones.rotateSessionKey(user, appId);
  }

  @Post('session-key/expire')
  @HttpCode(204)
  @ApiOperation({ summary: 'Let the session_key expire' })
  @ApiNoContentResponse()
  expireSessionKey(@Body() { user, appId }: PhoneRequest): void {
    this.phones.expireSessionKey(user, appId);
  }
}
