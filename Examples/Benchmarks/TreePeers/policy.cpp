// Measures the GNU policy-based tree with order statistics, in memory.
//
//     policy ENTRIES
#include <ext/pb_ds/assoc_container.hpp>
#include <ext/pb_ds/tree_policy.hpp>
#include <functional>

#include "common.h"

using Tree = __gnu_pbds::tree<uint64_t, uint64_t, std::less<uint64_t>, __gnu_pbds::rb_tree_tag,
                              __gnu_pbds::tree_order_statistics_node_update>;

int main(int argc, char **argv) {
  CHECK(argc == 2);
  uint64_t entries = strtoull(argv[1], NULL, 10), count = lookups(entries), sum = 0;
  Tree tree;
  double began = now();
  for (uint64_t i = 0; i < entries; i++) tree.insert({scattered(i), i});
  rate("random-insert", entries, began);

  began = now();
  for (uint64_t i = 0; i < count; i++) sum += tree.find(scattered(draw(i, entries)))->second;
  rate("random-lookup", count, began);

  began = now();
  for (const auto &entry : tree) sum += entry.first ^ entry.second;
  rate("random-scan", entries, began);

  began = now();
  for (uint64_t i = 0; i < count; i++) sum += tree.find_by_order(draw(i, entries))->first;
  rate("select", count, began);

  began = now();
  for (uint64_t i = 0; i < count; i++) sum += tree.order_of_key(scattered(draw(i, entries)));
  rate("rank", count, began);

  uint64_t first = entries - 20 < 700503 ? entries - 20 : 700503;
  began = now();
  for (int turn = 0; turn < 100000; turn++) {
    auto entry = tree.find_by_order(first);
    for (int row = 0; row < 20; row++, ++entry) sum += entry->first ^ entry->second;
  }
  report("window-us", (now() - began) * 10);
  kept = sum;
  report_peak();
}
