// Seats of a node: its workers, each a process of its own and perhaps a container, share its cores through a folder.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/files.h"

namespace simswarm::worker {

struct SeatOptions {
  fs::path folder;         // on a disk of the node, the same for all its workers; made where it is not there
  std::size_t seats = 1;   // that this node has
  std::size_t wanted = 1;  // at most `seats`
};

// What runs of a worker use of the memory they share, and what they are going to.
struct SeatNote {
  std::size_t running = 0;     // processes
  std::uint64_t expected = 0;  // bytes, of all of them at their peaks
  std::uint64_t current = 0;   // bytes; of each at most what is expected of it
};

// Held as long as this is there, and no longer than the process: a seat is a locked file. Not for several threads.
class Seats {
 public:
  // Waits until so many are free; all come at once, so that nobody waits for another in a ring. Null: `gives_up`, asked
  // now and then and when `wake` (-1: none) is readable, said so. `say` hears once that it waits.
  [[nodiscard]] static Result<std::unique_ptr<Seats>> take(const SeatOptions& options,
                                                           const std::function<bool()>& gives_up, int wake,
                                                           const std::function<void(const std::string&)>& say);

  // While it is held nobody else of this node holds it: a decision and what is noted of it are one step.
  [[nodiscard]] Fd lock_node() const;
  // To be said again every second: what was noted longer than kNoteTtl ago belongs to nobody.
  void note(const SeatNote& note) const;
  // The sum over all other workers of this node.
  [[nodiscard]] SeatNote others() const;

  // Bytes that a run of this kind has used at most, as any worker of this node has learned it; 0: nobody has. Shared
  // by the node's workers.
  [[nodiscard]] std::uint64_t peak_of(const std::string& kind) const;
  void learn_peak(const std::string& kind, std::uint64_t bytes) const;

 private:
  explicit Seats(fs::path folder) : folder_(std::move(folder)) {}
  [[nodiscard]] Result<bool> try_to_take(const SeatOptions& options);
  [[nodiscard]] fs::path peak_file(const std::string& kind) const;
  void forget_old_peaks() const;

  fs::path folder_;
  std::vector<Fd> held_;  // what is noted stands in the first
  std::vector<std::size_t> numbers_;
};

inline constexpr double kNoteTtl = 10;  // seconds

}  // namespace simswarm::worker
