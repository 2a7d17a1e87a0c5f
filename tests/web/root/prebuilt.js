// As stock players do it: a WebSocket to the page's own host.
window.events = [];
window.socket = new WebSocket(location.href.replace(/^http/, "ws"));
socket.onopen = () => {
  events.push(`open ${socket.readyState === WebSocket.OPEN}`);
  socket.send('{"type":"listStreamers"}');
};
socket.addEventListener("message", ({ data }) => events.push(JSON.parse(data).type));
socket.onclose = ({ code, reason }) => events.push(`close ${code} ${reason}`);
