// Whether this node has room for another run: space on its disks, and memory beside what its runs are going to use.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "worker/room.h"
#include "worker/seats.h"

namespace simswarm::worker {

// Runs of one kind are expected to use what any of them has used. A kind is a text; an empty one stands for runs of
// which nothing is learned, and what nobody knows fits.
class NodeRoom {
 public:
  // `folders`, `least_free` and `memory` as for Room. `seats` is null where nobody else shares the node; it outlives
  // this.
  NodeRoom(
      std::vector<fs::path> folders, std::optional<std::uint64_t> least_free, const Seats* seats,
      std::function<Memory()> memory = [] { return memory_of_machine(); })
      : room_(std::move(folders), least_free, std::move(memory)), seats_(seats) {}

  // Why nothing new may start for now; empty: it may. Stays the same as long as the reason does.
  [[nodiscard]] const std::string& obstacle();
  // Whether a run may start; to be followed by began() when it does. Where nothing runs on this node one always may.
  [[nodiscard]] bool fits(const std::string& kind);
  void began(std::uint64_t batch, const std::string& kind);
  // `peak`: bytes that its process tree has used at most, where that says something of others; else 0.
  void ended(std::uint64_t batch, std::uint64_t peak);
  // Bytes that batches use now. To be called every second.
  void look(const std::map<std::uint64_t, std::uint64_t>& memory);

 private:
  struct Lead {
    std::string kind;
    std::uint64_t expected = 0;
    std::uint64_t current = 0;
  };
  [[nodiscard]] std::uint64_t expected(const std::string& kind) const;
  [[nodiscard]] SeatNote own() const;
  [[nodiscard]] bool fits_now(const std::string& kind);
  void look_at_disks();
  void look_at_memory();

  Room room_;
  const Seats* seats_;
  std::map<std::string, std::uint64_t> learned_{};
  std::map<std::uint64_t, Lead> running_{};  // by batch
  std::optional<Lead> begins_{};             // may start, and has not yet
  std::optional<std::string> refused_{};     // the kind that did not fit, and does not yet
  Monotonic refused_since_{};
  std::string full_disk_{};
  std::string short_of_memory_{};
};

}  // namespace simswarm::worker
