// The order saga for Restate's Node SDK.
import "./older_node.mjs";
const restate = await import("@restatedev/restate-sdk");

const STEPS = [["pay", "paid"], ["prepare", "prepared"], ["deliver", "delivered"]];

async function run(ctx, order) {
  for (const [step, status] of STEPS) {
    order = await ctx.run(step, () => ({ ...order, status }));
  }
  return order;
}

const order = restate.workflow({ name: "Order", handlers: { run } });
restate.endpoint().bind(order).listen(Number(process.env.PORT));
