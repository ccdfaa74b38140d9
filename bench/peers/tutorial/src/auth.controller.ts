import { Body, Controller, Get, HttpCode, Post, Request, UseGuards } from '@nestjs/common';
import { AuthGuard } from '@nestjs/passport';
import { LoginDto, RefreshDto } from './auth.dto.js';
import { AuthService } from './auth.service.js';

@Controller('auth')
export class AuthController {
  constructor(private readonly auth: AuthService) {}

  @Post('login')
  @HttpCode(200)
  login(@Body() { code }: LoginDto) {
    return this.auth.login(code);
  }

  @Post('refresh')
  @HttpCode(200)
  refresh(@Body() { refreshToken }: RefreshDto) {
    return this.auth.refresh(refreshToken);
  }

  @Get('session')
  @UseGuards(AuthGuard('jwt'))
  session(@Request() request: { user: { userId: string } }) {
    return request.user;
  }
}
