// The search runs in a worker, and browsers start none for a page that was opened from the file system. There an unseen
// frame does its work: it runs the worker's script, and the two speak as worker and page do.
if (location.protocol === "file:") {
  window.Worker = class extends EventTarget {
    constructor(url) {
      super();
      const frame = document.createElement("iframe");
      frame.hidden = true;
      document.body.append(frame);
      this.inside = frame.contentWindow;
      const page = this.inside.document;
      page.open();
      this.inside.postMessage = (data) => setTimeout(() => this.dispatchEvent(new MessageEvent("message", { data })));
      const root = page.createElement("html");
      const script = Object.assign(page.createElement("script"), { src: url });
      this.ready = new Promise((done) => { script.onload = done; });
      page.append(root);
      root.append(script);
      page.close();
    }

    postMessage(data) {
      this.ready.then(() => this.inside.dispatchEvent(new MessageEvent("message", { data })));
    }
  };
}
