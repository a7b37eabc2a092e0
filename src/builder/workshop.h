// Builds trees: what is known by its key at once, all else in a warm checkout of its project. Several threads may ask.
#pragma once

#include <atomic>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "base/time.h"
#include "build/build_run.h"
#include "build/toolchain.h"
#include "builder/project_folders.h"
#include "campaign/build_request.h"
#include "source/checkout.h"
#include "store/store.h"

namespace simswarm::builder {

struct WorkshopOptions {
  fs::path folder;                 // of sources and checkouts
  std::vector<fs::path> hidden;    // from builds, besides it
  std::vector<std::string> hosts;  // that compile, as build/farm.h takes them
  std::size_t cores = 1;           // for compilers here
  std::size_t builds = 2;          // at once
  std::size_t projects = 32;       // whose checkouts are kept
  std::string image;               // of the toolchain; may be empty
  build::BuildLimits limits;
  exec::Inside inside{};  // the keeper's
  std::string mark;       // beginning of what marks processes of builds
  std::string host;       // of this machine
};

// What somebody hears who waits for a build.
struct Ears {
  std::function<void(const campaign::BuildView&)> view = [](const campaign::BuildView&) {};
  std::function<void(std::string_view)> output = [](std::string_view) {};
  std::function<bool()> cancelled = [] { return false; };
};

struct BuildResult {
  store::BuildRecord record;
  bool was_known = false;
};

class Workshop {
 public:
  // An error: no compiler is here, or the folder cannot be used.
  [[nodiscard]] static Result<std::unique_ptr<Workshop>> open(WorkshopOptions options);

  // One build a key at a time: who asks meanwhile gets what came of it. ExitCode::kBuildFailed for what is wrong with
  // the project; `can_retry` where nobody is to blame; kInterrupted when it was cancelled.
  [[nodiscard]] Result<BuildResult> build(const campaign::BuildRequest& request, store::Store& store, const Ears& ears);

  [[nodiscard]] const build::Toolchain& toolchain() const { return toolchain_; }

 private:
  class Order;
  struct Key;
  Workshop(WorkshopOptions options, source::Trees trees, build::Toolchain toolchain);
  [[nodiscard]] Digest key_of(const campaign::BuildRequest& request) const;
  // Empties a checkout's trash, which takes its time, while nobody waits for it. Holds the project until then.
  void sweep_later(ProjectFolder project, source::Checkout checkout);
  [[nodiscard]] std::shared_ptr<Key> key_named(const std::string& hex);
  [[nodiscard]] Result<std::optional<store::BuildRecord>> known(const Digest& key, store::Store& store) const;

  WorkshopOptions options_;
  source::Trees trees_;
  build::Toolchain toolchain_;
  ProjectFolders projects_;
  std::mutex mutex_;
  std::map<std::string, std::weak_ptr<Key>> keys_;  // that somebody builds
  std::atomic<std::size_t> building_ = 0;
  std::vector<std::future<void>> sweepers_;  // that throw away what builds have no use for
};

}  // namespace simswarm::builder
