import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { SecretsModule } from '../secrets/secrets.module.js';
import { MergeCleaning } from './merge-cleaning.js';
import { MergeTicketRow } from './merge-ticket.entity.js';
import { MergeTicketsRepository } from './merge-tickets.repository.js';
import { MergeTickets } from './merge-tickets.js';
import { MergeUndoVault } from './merge-undo.js';
import { Merge } from './merge.entity.js';
import { MergesRepository } from './merges.repository.js';
import { UserMergingRepository } from './user-merging.repository.js';
import { UserMerging } from './user-merging.js';
import { UserUnmerging } from './user-unmerging.js';
import { UsersModule } from './users.module.js';

/** How two users turn out to be one person, and how that is undone. */
@Module({
  imports: [TypeOrmModule.forFeature([MergeTicketRow, Merge]), SecretsModule, UsersModule],
  providers: [
    MergeTicketsRepository,
    MergeTickets,
    UserMergingRepository,
    MergeUndoVault,
    MergesRepository,
    UserMerging,
    UserUnmerging,
    MergeCleaning,
  ],
  exports: [MergeTickets, UserMerging, UserUnmerging],
})
export class UserMergingModule {}
