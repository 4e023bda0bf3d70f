/** Run by temporal-binary.ts: lets the Temporal SDK download the CLI that fits it into the folder given as argument. */
import { TestWorkflowEnvironment } from '@temporalio/testing';

const folder = process.argv[2];
if (!folder) {
  console.error('Usage: node api/embedded/sdk-download.ts <folder>');
  process.exit(1);
}
try {
  const environment = await TestWorkflowEnvironment.createLocal({
    server: { executable: { type: 'cached-download', downloadDir: folder } },
  });
  await environment.teardown();
  process.exit(0);
} catch (error) {
  console.error((error as Error).message.split('\n')[0]);
  process.exit(1);
}
