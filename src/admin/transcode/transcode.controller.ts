import { Body, HttpCode, Post } from '@nestjs/common';
import { ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import { transcode } from '../../../libs/wire/index.js';
import { NeedsRole } from '../../auth/admin.guard.js';
import { AdminController } from '../admin-controller.decorator.js';
import { TranscodeDto } from './transcode.dto.js';
import { TranscodeView } from './transcode.view.js';

/** What a translation would make of a request, an answer or a stream, and what it would lose. Nothing is sent anywhere. */
@AdminController('transcode')
export class TranscodeController {
  @Post()
  @HttpCode(200)
  @NeedsRole('viewer')
  @ApiOperation({ summary: 'Translate between dialects, with a report of what is lost' })
  @ApiOkResponse({ type: TranscodeView })
  transcode(@Body() { from, to, kind = 'request', model, stream, body }: TranscodeDto): TranscodeView {
    return transcode({
      kind,
      from,
      to,
      model,
      origin: { model, stream },
      body: kind === 'stream' && typeof body === 'string' ? streamBytes(from, body) : body,
      created: Math.floor(Date.now() / 1000),
    });
  }
}

/** Bedrock's streams are binary. */
const streamBytes = (from: string, text: string): Buffer =>
  Buffer.from(text, from === 'bedrock-converse' ? 'base64' : 'utf8');
