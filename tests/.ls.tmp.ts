import { createServer } from 'node:http';
import { launchBrowser } from './support/browser.ts';
const s = createServer((q, r) => { r.setHeader('content-type', 'text/html'); r.end(q.url?.includes('frame') ? `<script>try{localStorage.n=Number(localStorage.n||0)+1;document.title=document.body=null}catch(e){} parent.postMessage((()=>{try{return 'n='+localStorage.n}catch(e){return String(e)}})(),'*')</script>` : `<script>onmessage=e=>console.log(e.data)</script><iframe src="http://127.0.0.1:4555/frame"></iframe>`); });
await new Promise<void>((x) => s.listen(4555, '0.0.0.0', x));
const b = await launchBrowser();
const c = await b.newContext();
const p = await c.newPage();
p.on('console', (m) => console.log(m.text()));
for (let i = 0; i < 3; i++) { await p.goto('http://localhost:4555/'); await p.waitForTimeout(500); }
await p.reload(); await p.waitForTimeout(500);
await b.close(); s.close(); s.closeAllConnections();
