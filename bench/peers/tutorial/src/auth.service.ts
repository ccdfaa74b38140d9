import { createHash, randomBytes } from 'node:crypto';
import { HttpService } from '@nestjs/axios';
import { Injectable, UnauthorizedException } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import { InjectRepository } from '@nestjs/typeorm';
import { firstValueFrom } from 'rxjs';
import { Repository } from 'typeorm';
import { RefreshToken } from './refresh-token.entity.js';
import { User } from './user.entity.js';

const REFRESH_TOKEN_MS = 30 * 86_400_000;

@Injectable()
export class AuthService {
  constructor(
    @InjectRepository(User) private readonly users: Repository<User>,
    @InjectRepository(RefreshToken) private readonly refreshTokens: Repository<RefreshToken>,
    private readonly jwt: JwtService,
    private readonly http: HttpService,
  ) {}

  async login(code: string) {
    const params = { appid: 'bench', secret: 'bench', js_code: code, grant_type: 'authorization_code' };
    const { data } = await firstValueFrom(this.http.get(`${process.env.WECHAT_URL}/sns/jscode2session`, { params }));
    if (!data.openid) throw new UnauthorizedException();
    let user = await this.users.findOne({ where: { openid: data.openid } });
    user ??= this.users.create({ openid: data.openid });
    user.sessionKey = data.session_key;
    user.lastLoginAt = new Date();
    await this.users.save(user);
    return this.issue(user.id);
  }

  async refresh(token: string) {
    const stored = await this.refreshTokens.findOne({ where: { tokenHash: hashOf(token) } });
    if (!stored || stored.revoked || stored.expiresAt < new Date()) throw new UnauthorizedException();
    stored.revoked = true;
    await this.refreshTokens.save(stored);
    return this.issue(stored.userId);
  }

  private async issue(userId: string) {
    const refreshToken = randomBytes(32).toString('base64url');
    const expiresAt = new Date(Date.now() + REFRESH_TOKEN_MS);
    await this.refreshTokens.save(this.refreshTokens.create({ tokenHash: hashOf(refreshToken), userId, expiresAt }));
    return { userId, accessToken: await this.jwt.signAsync({ sub: userId }), refreshToken };
  }
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
