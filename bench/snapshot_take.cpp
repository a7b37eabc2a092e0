// Takes a snapshot of folders, as one tree; snapshot.py drives it.
#include <string>

#include "source/snapshot.h"

int main(int count, char** words) {
  using namespace simswarm::source;
  if (count < 3) {
    fmt::print(stderr, "usage: snapshot_take STATE ROOT…\n");
    return 2;
  }
  SnapshotRequest request;
  for (int i = 2; i < count; ++i) request.roots.emplace_back(words[i]);
  auto snapshots = Snapshots::open(words[1]);
  if (!snapshots) {
    fmt::print(stderr, "{}\n", snapshots.error().message);
    return 3;
  }
  const auto taken = snapshots->take(request);
  if (!taken) {
    fmt::print(stderr, "{}\n", taken.error().message);
    return 3;
  }
  fmt::print("{} {} files, {} bytes\n", taken->tree.text, taken->files, taken->bytes);
  for (const std::string& note : taken->notes) fmt::print("{}\n", note);
  return 0;
}
