import { ApiProperty } from '@nestjs/swagger';

class LossReasonView {
  @ApiProperty({ description: 'What is lost, in names of the canonical model.' })
  path!: string;

  @ApiProperty()
  reason!: string;
}

export class TranscodeView {
  @ApiProperty({ description: 'Whether the two formats differ.' })
  bridged!: boolean;

  @ApiProperty({ description: 'Whether anything is lost.' })
  lossy!: boolean;

  @ApiProperty({ type: [LossReasonView] })
  reasons!: readonly LossReasonView[];

  @ApiProperty({ description: 'What would be sent: a JSON object; of a stream its text, of a binary one base64.' })
  body!: unknown;
}
