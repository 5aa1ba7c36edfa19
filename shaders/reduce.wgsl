// Reduction: y[o] = Σ_r term(o, r), or the maximum over r.
// Generated and appended by the compiler: T (of a result), V (of a term), the bindings, term(o, r), store(o, value).
//   row:     the terms of a result lie side by side; V holds several terms of one result, T is f32
//   column:  results lie side by side; V = T holds one term of several results
// LANES invocations (at most TERMS) share a result (side by side in row, apart in column), GROUP results (or groups of
// them) a workgroup.

override RESULTS: u32; // of type T
override TERMS: u32; // of type V for each result
override STRIDE: u32; // workgroups in a row of them

//# if LANES > 1
var<workgroup> parts: array<V, ${LANES * GROUP}>;
//# end

fn combine(a: V, b: V) -> V {
//# if MAXIMUM
  return max(a, b);
//# else
  return a + b;
//# end
}

//# if ROW
@compute @workgroup_size(${LANES}, ${GROUP})
//# else
@compute @workgroup_size(${GROUP}, ${LANES})
//# end
fn reduce(@builtin(local_invocation_id) local: vec3u, @builtin(workgroup_id) workgroup: vec3u) {
//# if ROW
  let lane = local.x;
  let slot = local.y;
//# else
  let lane = local.y;
  let slot = local.x;
//# end
  let o = (workgroup.y * STRIDE + workgroup.x) * ${GROUP}u + slot;
  let inside = o < RESULTS;
  var total = V();
  if (inside) {
    for (var r = lane; r < TERMS; r += ${LANES}u) {
//# if MAXIMUM
      let next = term(o, r);
      total = select(combine(total, next), next, r == lane); // from the first term on: all may be -Infinity
//# else
      total = combine(total, term(o, r));
//# end
    }
  }
//# if LANES > 1
  parts[slot * ${LANES}u + lane] = total;
  workgroupBarrier();
  if (lane != 0u) { return; }
  for (var other = 1u; other < ${LANES}u; other++) {
    total = combine(total, parts[slot * ${LANES}u + other]);
  }
//# end
  if (!inside) { return; }
//# if ROW && WIDTH == 4 && MAXIMUM
  store(o, max(max(total.x, total.y), max(total.z, total.w)));
//# else if ROW && WIDTH == 4
  store(o, (total.x + total.y) + (total.z + total.w));
//# else
  store(o, total);
//# end
}
