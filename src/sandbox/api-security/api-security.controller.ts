import { Body, Controller, Delete, HttpCode, Param, Post, UseGuards } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiProperty, ApiTags } from '@nestjs/swagger';
import { IsIn } from 'class-validator';
import { Public } from '../../http/access.decorator.js';
import { SandboxControlGuard } from '../sandbox-control.guard.js';
import { ApiSecurityConsole } from './api-security-console.js';
import type { AppKeysDownload, CertificateDownload } from './app-keys.js';
import { FORGERIES, type Forgery } from './sealed-answer.js';

/** A certificate's public key, under the number that WeChat's console shows. */
export class CertificateAnswer implements CertificateDownload {
  @ApiProperty()
  serial!: string;

  @ApiProperty({ description: 'PEM' })
  publicKey!: string;
}

/** What `apiSecurity` of an app in `WECHAT_APPS` has to be. */
export class ApiSecurityAnswer implements AppKeysDownload {
  @ApiProperty()
  symmetricSn!: string;

  @ApiProperty({ description: '32 bytes in base64' })
  symmetricKey!: string;

  @ApiProperty({ description: 'PEM' })
  privateKey!: string;

  @ApiProperty({ type: [CertificateAnswer] })
  certificates!: CertificateAnswer[];
}

/** `POST /sandbox/api-security/:appId/forgeries` */
export class ForgeryRequest {
  @ApiProperty({ enum: FORGERIES })
  @IsIn(FORGERIES)
  forgery!: Forgery;
}

/** Plays the page of WeChat's console for API security, and whoever tampers with answers. */
@Public()
@UseGuards(SandboxControlGuard)
@ApiTags('sandbox')
@Controller('sandbox/api-security/:appId')
export class ApiSecurityController {
  constructor(private readonly console: ApiSecurityConsole) {}

  @Post()
  @HttpCode(200)
  @ApiOperation({ summary: 'Turn API security on for an app, with new keys' })
  @ApiOkResponse({ type: ApiSecurityAnswer })
  turnOn(@Param('appId') appId: string): AppKeysDownload {
    return this.console.turnOn(appId);
  }

  @Delete()
  @HttpCode(204)
  @ApiOperation({ summary: 'Turn API security off' })
  @ApiNoContentResponse()
  turnOff(@Param('appId') appId: string): void {
    this.console.turnOff(appId);
  }

  @Post('rotation')
  @HttpCode(200)
  @ApiOperation({ summary: "Change WeChat's certificate; the old one signs too until the rotation ends" })
  @ApiOkResponse({ type: CertificateAnswer })
  beginRotation(@Param('appId') appId: string): CertificateDownload {
    return this.console.beginRotation(appId);
  }

  @Delete('rotation')
  @HttpCode(204)
  @ApiOperation({ summary: 'End the rotation' })
  @ApiNoContentResponse()
  endRotation(@Param('appId') appId: string): void {
    this.console.endRotation(appId);
  }

  @Post('forgeries')
  @HttpCode(204)
  @ApiOperation({ summary: 'Have the next sealed answer forged' })
  @ApiNoContentResponse()
  forge(@Param('appId') appId: string, @Body() { forgery }: ForgeryRequest): void {
    this.console.forge(appId, forgery);
  }
}
