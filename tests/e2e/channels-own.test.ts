/** What only one channel knows, end to end: groups and topics, reply tokens, STOP, counted windows, statuses by report. */
import { afterAll, beforeAll, describe } from 'vitest';
import { menuFlow, startChannelProduct, type ChannelProduct } from '../support/channel-product.ts';
import { png } from '../support/picture.ts';
import { apiScenarios } from './channel-scenarios/api.ts';
import { lineScenarios } from './channel-scenarios/line.ts';
import { smsScenarios } from './channel-scenarios/sms.ts';
import { telegramScenarios } from './channel-scenarios/telegram.ts';
import { tiktokScenarios } from './channel-scenarios/tiktok.ts';

let product: ChannelProduct;

beforeAll(async () => {
  product = await startChannelProduct();
  await product.publish(menuFlow(await product.upload(png(1), 'menu.png', 'image/png')));
}, 240_000);
afterAll(() => product?.close(), 120_000);

describe('telegram', () => telegramScenarios(() => product));
describe('line', () => lineScenarios(() => product));
describe('sms', () => smsScenarios(() => product));
describe('tiktok', () => tiktokScenarios(() => product));
describe('api', () => apiScenarios(() => product));
