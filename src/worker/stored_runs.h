// The runs of stored studies: what they see comes from the store, and what they give goes there.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "store/node_cache.h"
#include "worker/outcome_json.h"
#include "worker/queue_link.h"
#include "worker/studies.h"
#include "worker/uploader.h"

namespace simswarm::worker {

struct StoreOptions {
  std::string url;
  std::function<Result<std::string>()> fresh_url{};  // as for store::open_store()
  fs::path cache;                            // shared by the workers of a machine; reachable for the user of runs
  std::uint64_t cache_limit = 20ULL << 30U;  // bytes
  std::uint64_t spool_limit = 10ULL << 30U;  // bytes of results that may wait for the store
};

class StoredRuns {
 public:
  // Connects. `spool`: where results wait. `settle` and `say` are called in a thread of ours, too.
  [[nodiscard]] static Result<std::unique_ptr<StoredRuns>> open(
      const StoreOptions& options, const fs::path& spool, const std::string& worker,
      std::function<void(std::vector<jobs::Settlement>)> settle, std::function<void(const std::string&)> say,
      std::function<bool()> gives_up);

  // For GroundOptions.
  [[nodiscard]] StudySource source() const { return {store_.get(), cache_.get(), work_}; }

  // Takes the files of a run that has ended out of its layer. After an error nothing of it is left.
  [[nodiscard]] Result<Upload> take(const OpenStudy& study, const Finished& finished, std::size_t i, const Told& told,
                                    const Assigned& assigned);
  // On disk when it returns, and on its way. After an error nothing of it is left.
  [[nodiscard]] Status hand_in(Upload upload);
  // Keeps a copy of the files of a run that another way of executing it is going to be compared with.
  void keep_sample(OpenStudy& study, std::size_t position, const Upload& upload) const;
  // Whether the run is complete by another attempt. False also when the store is away.
  [[nodiscard]] bool is_done(const RunKey& key) const;

  [[nodiscard]] Uploader& uploader() { return *uploader_; }
  // Why nothing new should start, in words; empty: it may.
  [[nodiscard]] std::string obstacle() const;

 private:
  StoredRuns() = default;

  std::shared_ptr<store::Store> store_;
  std::unique_ptr<store::NodeCache> cache_;
  std::unique_ptr<Uploader> uploader_;
  fs::path work_;
};

}  // namespace simswarm::worker
