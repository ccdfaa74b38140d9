import { Controller, Get, NotFoundException, Request, UseGuards } from '@nestjs/common';
import { AuthGuard } from '@nestjs/passport';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { User } from './user.entity.js';

@Controller('users')
export class UsersController {
  constructor(@InjectRepository(User) private readonly users: Repository<User>) {}

  @Get('me')
  @UseGuards(AuthGuard('jwt'))
  async me(@Request() request: { user: { userId: string } }) {
    const user = await this.users.findOne({ where: { id: request.user.userId } });
    if (!user) throw new NotFoundException();
    return { id: user.id, nickname: user.nickname, createdAt: user.createdAt };
  }
}
