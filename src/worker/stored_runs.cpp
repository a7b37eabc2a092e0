#include "worker/stored_runs.h"

#include <unistd.h>

#include "base/text.h"
#include "exec/place.h"
#include "worker/ended_run.h"

namespace simswarm::worker {
namespace {

// Who unpacks results makes no link that leads out of them: better said here than believed there.
Status check_link(const std::string& path, const fs::path& source) {
  std::error_code error;
  if (!fs::is_symlink(source, error)) return {};
  const fs::path target = fs::read_symlink(source, error);
  const fs::path inside = (fs::path(store::path_in_archive(path)).parent_path() / target).lexically_normal();
  if (!error && !target.is_absolute() && *inside.begin() != "..") return {};
  return usage_error("its result {} is a link to {}, which does not come along: leave the file itself", path,
                     target.string());
}

// Runs whose results others have left here stand in the queue, perhaps: they are brought before any is claimed.
constexpr std::chrono::seconds kFirstPatience{2};

}  // namespace

Result<std::unique_ptr<StoredRuns>> StoredRuns::open(const StoreOptions& options, const fs::path& spool,
                                                     const std::string& worker,
                                                     std::function<void(std::vector<jobs::Settlement>)> settle,
                                                     std::function<void(const std::string&)> say,
                                                     std::function<bool()> gives_up) {
  std::unique_ptr<StoredRuns> runs(new StoredRuns);
  runs->work_ = options.cache / "work";
  SIMSWARM_CHECK(make_folders(runs->work_));
  SIMSWARM_TRY(std::unique_ptr<store::Store> store, store::open_store(options.url, options.fresh_url));
  runs->store_ = std::move(store);
  SIMSWARM_TRY(runs->cache_,
               store::NodeCache::open({options.cache / "artifacts", options.cache_limit, std::move(gives_up), say}));
  SIMSWARM_TRY(runs->uploader_, Uploader::open(runs->store_, {spool / "results", worker, options.spool_limit,
                                                              std::move(settle), std::move(say)}));
  (void)runs->uploader_->finish(kFirstPatience);
  return runs;
}

Result<Upload> StoredRuns::take(const OpenStudy& study, const Finished& finished, std::size_t i, const Told& told,
                                const Assigned& assigned) {
  SIMSWARM_TRY(const fs::path folder, uploader_->new_folder());
  const Run run = study.runs[finished.batch.runs[i]];
  Upload upload{folder, {told.attempt, long_name(run), told.worker, told.output, told.errors}, {}, {}};
  upload.attempt.attempt.key = study.key_of(finished.batch.runs[i]);
  upload.attempt.attempt.campaign = assigned.campaign;
  if (!is_complete(told.attempt.verdict.outcome)) return upload;
  Status moved;
  for (const auto& [path, source] : files_of(finished.judgements[i], finished.ended.evidence)) {
    const fs::path target = folder / store::path_in_archive(path);
    if (exec::is_there(target)) moved = usage_error("{} and another file of it have one name in the store", path);
    if (moved) moved = check_link(path, source);
    if (moved) moved = make_folders(target.parent_path());
    if (moved) moved = exec::move_file(source, target);
    if (!moved) break;
    upload.paths.push_back(path);
  }
  if (moved) return upload;
  (void)remove_tree(folder.parent_path());
  return propagate(moved.error());
}

Status StoredRuns::hand_in(Upload upload) {
  const fs::path folder = upload.folder.parent_path();
  const Status kept = uploader_->hand_in(std::move(upload));
  if (kept) return {};
  (void)remove_tree(folder);
  return propagate({kept.error().code, "its results could not be kept for the store: " + kept.error().message,
                    kept.error().can_retry});
}

void StoredRuns::keep_sample(OpenStudy& study, std::size_t position, const Upload& upload) const {
  const fs::path folder = study.sample_folder(position);
  std::vector<ResultFile> files;
  for (const std::string& path : upload.paths) {
    const fs::path target = absolute_from(folder, path);
    if (!make_folders(target.parent_path())) return;
    // Nobody writes either of them any more.
    if (::link((upload.folder / store::path_in_archive(path)).c_str(), target.c_str()) != 0) {
      std::error_code error;
      fs::copy(upload.folder / store::path_in_archive(path), target, fs::copy_options::copy_symlinks, error);
      if (error) return;
    }
    files.push_back({path, 0, {}, {}});
  }
  study.samples[position] = std::move(files);
}

bool StoredRuns::is_done(const RunKey& key) const {
  const auto records = store_->results({&key, 1}, store::Part::kBody);
  return records && records->front().has_value();
}

std::string StoredRuns::obstacle() const {
  if (uploader_->is_full())
    return fmt::format("{} results wait on disk for the store, as many as may: nothing new starts",
                       uploader_->pending());
  return uploader_->refusal();
}

}  // namespace simswarm::worker
