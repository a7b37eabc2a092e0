// Outcomes on disk until the queue has taken them: a worker, or the queue, may go away in between.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/files.h"
#include "queue/job_queue.h"

namespace simswarm::worker {

// One file a worker, locked while it lives. What is noted outlives the process, not a loss of power: then the lease of
// the run runs out, and it is executed again.
class Spool {
 public:
  // `queue` is the address, without password: outcomes go to no other.
  [[nodiscard]] static Result<std::unique_ptr<Spool>> open(const fs::path& folder, const std::string& worker,
                                                           const std::string& queue);
  Spool(const Spool&) = delete;
  Spool& operator=(const Spool&) = delete;
  ~Spool();  // removes the file where nothing is left in it

  [[nodiscard]] Status note(const std::vector<jobs::Settlement>& settlements);
  // All that was noted has been taken.
  [[nodiscard]] Status clear();

  // Files of workers that have gone, for the same queue, are taken over: what they had noted. Each once; they are
  // removed with the next clear().
  // With `own`: what stands in our own file, too, from before this worker began.
  [[nodiscard]] std::vector<jobs::Settlement> adopt(bool own = true);
  [[nodiscard]] const fs::path& path() const { return path_; }

 private:
  Spool(fs::path folder, fs::path path, std::string queue, Fd file)
      : folder_(std::move(folder)), path_(std::move(path)), queue_(std::move(queue)), file_(std::move(file)) {}

  fs::path folder_;
  fs::path path_;
  std::string queue_;
  Fd file_;
  std::size_t noted_ = 0;
  std::vector<std::pair<fs::path, Fd>> adopted_{};  // locked
};

}  // namespace simswarm::worker
