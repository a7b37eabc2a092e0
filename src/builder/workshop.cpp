#include "builder/workshop.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <set>
#include <thread>

#include "archive/tar.h"
#include "base/text.h"
#include "build/farm.h"
#include "build/recipe.h"
#include "campaign/sources.h"
#include "exec/layer.h"

namespace simswarm::builder {
namespace {

using campaign::BuildView;
using std::chrono::milliseconds;

constexpr milliseconds kTelling{500};
constexpr milliseconds kPause{50};
constexpr std::size_t kMostKeys = 1000;
constexpr std::size_t kMostLog = 32U << 20U;  // bytes
// What runs need not see: it has gone into programs, or is for people, or of earlier runs.
constexpr std::array<std::string_view, 29> kLeftOut{".c",   ".cc",  ".cpp",  ".cxx", ".C",   ".h",   ".hh",    ".hpp",
                                                    ".hxx", ".inl", ".msg",  ".sm",  ".o",   ".a",   ".d",     ".sca",
                                                    ".vec", ".vci", ".elog", ".md",  ".rst", ".pdf", ".ipynb", ".orig",
                                                    ".rej", ".swp", ".pyc",  ".gch", ".ii"};

bool is_source(const std::string& path) {
  const std::string extension = fs::path(path).extension();
  return extension == ".cc" || extension == ".cpp" || extension == ".cxx" || extension == ".c" || extension == ".C";
}

bool is_header(const std::string& path) {
  const std::string extension = fs::path(path).extension();
  return extension.starts_with(".h") || extension == ".msg" || extension == ".inl" || extension == ".ipp";
}

bool is_left_out(const std::string& path) {
  const std::string extension = fs::path(path).extension();
  return std::find(kLeftOut.begin(), kLeftOut.end(), extension) != kLeftOut.end();
}

// The busiest first. Builds can write to what this is read from.
std::vector<store::BuildHost> hosts_of(const build::FarmCounts& counts) {
  constexpr std::size_t kMost = 200;
  constexpr std::size_t kLongestName = 100;
  std::vector<store::BuildHost> hosts;
  for (const auto& [name, of] : counts.by_host)
    hosts.push_back({name.substr(0, kLongestName), of.done, of.begun - std::min(of.begun, of.done)});
  std::stable_sort(hosts.begin(), hosts.end(), [](const auto& a, const auto& b) { return a.done > b.done; });
  if (hosts.size() > kMost) hosts.resize(kMost);
  return hosts;
}

tl::unexpected<Error> build_failed(std::string message) {
  return tl::make_unexpected(Error{ExitCode::kBuildFailed, std::move(message), false});
}

tl::unexpected<Error> cancelled() {
  return tl::make_unexpected(Error{ExitCode::kInterrupted, "the build was cancelled", true});
}

// One of the builds that may go on at once.
class Turn {
 public:
  static Result<Turn> take(std::atomic<std::size_t>& taken, std::size_t most, const std::function<bool()>& gives_up) {
    while (true) {
      std::size_t now = taken;
      while (now < most) {
        if (taken.compare_exchange_weak(now, now + 1)) return Turn(taken);
      }
      if (gives_up()) return cancelled();
      std::this_thread::sleep_for(kPause);
    }
  }
  Turn(Turn&& other) noexcept : taken_(std::exchange(other.taken_, nullptr)) {}
  Turn& operator=(Turn&&) = delete;
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  ~Turn() {
    if (taken_ != nullptr) --*taken_;
  }

 private:
  explicit Turn(std::atomic<std::size_t>& taken) : taken_(&taken) {}
  std::atomic<std::size_t>* taken_;
};

// The first of what was printed, and the last.
class Log {
 public:
  void add(std::string_view piece) {
    const std::size_t room = kMostLog / 2 - std::min(kMostLog / 2, first_.size());
    first_.append(piece.substr(0, room));
    last_.append(piece.substr(std::min(room, piece.size())));
    if (last_.size() < kMostLog) return;
    left_out_ += last_.size() - kMostLog / 2;
    last_.erase(0, last_.size() - kMostLog / 2);
  }
  [[nodiscard]] std::string text() const {
    return left_out_ == 0 ? first_ + last_ : fmt::format("{}\n… {} …\n{}", first_, human_bytes(left_out_), last_);
  }

 private:
  std::string first_, last_;
  std::uint64_t left_out_ = 0;
};

// Files of a checkout as entries of an archive. A link that leads to a file of the tree stays one; others are left out:
// elsewhere they would lead to something else.
class Entries {
 public:
  explicit Entries(fs::path tree) : tree_(std::move(tree)) {}

  void add(const std::string& path) {
    struct stat info {};
    const fs::path source = tree_ / path;
    if (!seen_.insert(path).second || !lies_in_place(path) || ::lstat(source.c_str(), &info) != 0) return;
    if (S_ISLNK(info.st_mode)) {
      if (leads_outside(path)) return;
    } else if (!S_ISREG(info.st_mode)) {
      return;
    } else {
      bytes_ += static_cast<std::uint64_t>(info.st_size);
    }
    entries_.push_back({path, source});
  }

  [[nodiscard]] std::vector<archive::Entry> take() { return std::move(entries_); }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

 private:
  // A build may have put a link in place of a folder: what lies behind it is not the project's.
  [[nodiscard]] bool lies_in_place(const std::string& path) {
    const std::string parent = fs::path(path).parent_path();
    const auto [known, is_new] = in_place_.try_emplace(parent, false);
    if (is_new) {
      std::error_code error;
      const fs::path top = fs::canonical(tree_, error);
      const fs::path real = error ? fs::path() : fs::canonical(tree_ / parent, error);
      known->second = !error && real == (parent.empty() ? top : (top / parent).lexically_normal());
    }
    return known->second;
  }

  [[nodiscard]] bool leads_outside(const std::string& path) const {
    std::error_code error;
    const fs::path target = fs::read_symlink(tree_ / path, error);
    if (error || target.is_absolute()) return true;
    const fs::path real = fs::weakly_canonical(tree_ / path, error);
    const fs::path inside = (fs::path(path).parent_path() / target).lexically_normal();
    return error || inside.empty() || *inside.begin() == ".." || !lies_in(tree_, real);
  }

  fs::path tree_;
  std::set<std::string> seen_;
  std::map<std::string, bool> in_place_;  // folders
  std::vector<archive::Entry> entries_;
  std::uint64_t bytes_ = 0;
};

}  // namespace

// What is being built, and what came of it for those who waited meanwhile.
struct Workshop::Key {
  std::timed_mutex mutex;
  std::optional<Error> failed{};
  std::string printed{};  // by what failed
  Monotonic ended{};
};

// One build from beginning to end.
class Workshop::Order {
 public:
  Order(Workshop& shop, const campaign::BuildRequest& request, const Digest& key, store::Store& store, const Ears& ears)
      : shop_(shop), request_(request), key_(key), store_(store), ears_(ears) {}

  Result<store::BuildRecord> carry_out() {
    const source::TreeId tree{request_.tree};
    tell("fetching");
    SIMSWARM_CHECK(campaign::fetch_sources(tree, shop_.trees_, store_));
    SIMSWARM_TRY(ProjectFolder project, shop_.projects_.take(request_.project, ears_.cancelled));
    SIMSWARM_TRY(const Turn turn, Turn::take(shop_.building_, shop_.options_.builds, ears_.cancelled));
    SIMSWARM_TRY(source::Checkout checkout, source::Checkout::open(project.checkout(), shop_.trees_));
    SIMSWARM_TRY(const source::Moved moved,
                 checkout.move_to(tree, fmt::format("{} {}", shop_.toolchain_.id, settings())));
    SIMSWARM_TRY(files_, checkout.files());
    SIMSWARM_TRY(const build::Recipe recipe, recipe_in(checkout));
    if (moved.cleaned) say(fmt::format("[simswarm] everything is built anew: {}\n", moved.why));
    if (!recipe.steps.empty()) SIMSWARM_CHECK(translate(project, checkout, moved, recipe));
    tell("packing");
    auto packed = pack(checkout);
    shop_.sweep_later(std::move(project), std::move(checkout));
    return packed;
  }
  [[nodiscard]] std::string printed() const { return log_.text(); }

 private:
  [[nodiscard]] std::string settings() const {
    std::string text = request_.mode;
    for (const auto& step : request_.steps) text += "\n" + shell_line(step);
    for (const Brought& one : request_.environment) text += "\n" + one.name + "=" + one.value;
    return text + "\n" + request_.steps_folder;
  }

  Result<build::Recipe> recipe_in(const source::Checkout& checkout) {
    build::RecipeRequest wanted;
    wanted.tree = checkout.tree();
    wanted.roots = {request_.roots.begin() + 1, request_.roots.end()};
    wanted.roots.push_back(request_.roots.front());
    wanted.project = request_.roots.front();
    wanted.mode = request_.mode;
    wanted.stated = request_.steps;
    wanted.stated_folder = request_.steps_folder;
    wanted.files = files_;
    auto recipe = build::find_recipe(wanted);
    if (!recipe) return build_failed(recipe.error().message);
    return std::move(*recipe);
  }

  Status translate(const ProjectFolder& project, source::Checkout& checkout, const source::Moved& moved,
                   const build::Recipe& recipe) {
    SIMSWARM_CHECK(give(project, checkout));
    SIMSWARM_TRY(const auto farm, open_farm(project, checkout));
    SIMSWARM_CHECK(checkout.build_begins());
    view_.phase = "building";
    view_.expected = expected(project, moved);
    begun_ = system_clock().monotonic();
    build::BuildSpec spec;
    spec.tree = checkout.tree();
    spec.steps = recipe.steps;
    spec.jobs = farm->jobs();
    spec.environment = farm->environment();
    for (auto& one : placed(request_.environment, checkout.tree())) add_variable(spec.environment, std::move(one));
    spec.user = project.user;
    spec.temporary = project.temporary();
    spec.hidden = shop_.options_.hidden;
    spec.hidden.push_back(shop_.options_.folder);
    spec.shown = farm->folders();
    if (exec::can_be_seen_at(request_.top, spec.tree)) spec.seen_at = request_.top;
    spec.inside = shop_.options_.inside;
    spec.mark = fmt::format("{}{}", shop_.options_.mark, key_.hex().substr(0, 16));
    spec.limits = shop_.options_.limits;
    build::BuildEars ears;
    ears.output = [this](std::string_view piece) { say(piece); };
    ears.tick = [this, &farm] { show(*farm); };
    ears.cancelled = ears_.cancelled;
    SIMSWARM_TRY(const build::BuildEnd end, build::run_build(spec, ears));
    counts_ = farm->counts();
    seconds_ = end.seconds;
    show(*farm, true);
    // One that was cut off may have left half an object.
    const bool ended_by_itself = end.outcome == build::BuildOutcome::kBuilt ||
                                 (end.outcome == build::BuildOutcome::kFailed && end.exit_code < 128);
    if (ended_by_itself) SIMSWARM_CHECK(checkout.build_ends());
    if (end.outcome == build::BuildOutcome::kCancelled) return cancelled();
    if (end.outcome != build::BuildOutcome::kBuilt) return build_failed("build failed: " + end.message);
    if (moved.cleaned || project.compilations() == 0) project.note_compilations(counts_.compiled + counts_.hits);
    return {};
  }

  // The PATH that has compilers behind the cache stays before the user's own.
  static void add_variable(Environment& environment, std::pair<std::string, std::string> one) {
    const auto same = [&](const auto& other) { return other.first == one.first; };
    const auto found = std::find_if(environment.begin(), environment.end(), same);
    if (found == environment.end()) {
      environment.push_back(std::move(one));
    } else if (one.first == "PATH") {
      found->second += ":" + one.second;
    } else {
      found->second = std::move(one.second);
    }
  }

  Status give(const ProjectFolder& project, source::Checkout& checkout) {
    std::optional<std::pair<unsigned, unsigned>> user;
    if (project.user) user = {project.user->uid, project.user->gid};
    return checkout.give_to(user);
  }

  Result<std::unique_ptr<build::Farm>> open_farm(const ProjectFolder& project, const source::Checkout& checkout) {
    build::FarmOptions options;
    options.folder = project.farm();
    options.cache = project.cache();
    options.cache_namespace = shop_.toolchain_.id.substr(0, 16);
    options.tree = checkout.tree();
    options.hosts = shop_.options_.hosts;
    options.cores = shop_.options_.cores;
    if (project.user) options.user = {project.user->uid, project.user->gid};
    return build::Farm::open(std::move(options));
  }

  // Of a checkout that was built before it is known where only sources have changed.
  [[nodiscard]] std::uint64_t expected(const ProjectFolder& project, const source::Moved& moved) const {
    const auto sources = [](const std::vector<std::string>& paths) {
      return static_cast<std::uint64_t>(std::count_if(paths.begin(), paths.end(), is_source));
    };
    const std::uint64_t before = project.compilations();
    if (moved.cleaned || before == 0) return before != 0 ? before : sources(files_);
    const bool headers = std::any_of(moved.changed.begin(), moved.changed.end(), is_header) ||
                         std::any_of(moved.removed.begin(), moved.removed.end(), is_header);
    return headers ? 0 : sources(moved.changed);
  }

  Result<store::BuildRecord> pack(const source::Checkout& checkout) {
    SIMSWARM_TRY(const source::Checkout::Made made, checkout.made());
    Entries entries(checkout.tree());
    std::string listing;
    for (const std::vector<std::string>* paths : {&std::as_const(files_), &made.data}) {
      for (const std::string& path : *paths) {
        if (is_left_out(path)) continue;
        entries.add(path);
        listing.append(path).push_back('\0');
      }
    }
    for (const std::string& path : made.programs) entries.add(path);
    SIMSWARM_TRY(const auto blob, store_.create_blob());
    SIMSWARM_TRY(const archive::Packed packed, archive::pack(entries.take(), archive::Times::kDropped, *blob));
    SIMSWARM_TRY([[maybe_unused]] const store::Blob kept, blob->keep());
    store::BuildRecord record;
    record.key = key_;
    record.tree = request_.tree;
    record.artifact = packed.digest;
    record.bytes = entries.bytes();
    SIMSWARM_TRY(record.listing, put(listing));
    if (const std::string log = log_.text(); !log.empty()) {
      SIMSWARM_TRY(record.log, put(log));
    }
    record.compiler = shop_.toolchain_.compiler;
    record.image = shop_.options_.image;
    record.host = shop_.options_.host;
    record.seconds = seconds_;
    record.compiled = counts_.compiled;
    record.hits = counts_.hits;
    record.remote = counts_.remote;
    record.hosts = hosts_of(counts_);
    record.created = system_clock().stamp();
    return record;
  }

  Result<Digest> put(const std::string& text) {
    TextSource source(text);
    SIMSWARM_TRY(const store::Blob blob, store_.put(source));
    return blob.digest;
  }

  void say(std::string_view piece) {
    log_.add(piece);
    ears_.output(piece);
  }

  void tell(const char* phase) {
    view_.phase = phase;
    ears_.view(view_);
  }

  void show(build::Farm& farm, bool now = false) {
    const Monotonic time = system_clock().monotonic();
    if (!now && time - told_ < kTelling) return;
    told_ = time;
    const build::FarmCounts counts = farm.counts();
    view_.compiled = counts.compiled;
    view_.hits = counts.hits;
    view_.remote = std::min(counts.remote, counts.compiled);  // what is noted elsewhere first is not done yet
    view_.hosts = farm.hosts().size();
    view_.seconds = Seconds(time - begun_).count();
    if (view_.expected < view_.compiled + view_.hits) view_.expected = 0;  // more than was thought: better none
    ears_.view(view_);
  }

  Workshop& shop_;
  const campaign::BuildRequest& request_;
  const Digest& key_;
  store::Store& store_;
  const Ears& ears_;
  std::vector<std::string> files_;
  build::FarmCounts counts_;
  double seconds_ = 0;
  BuildView view_;
  Log log_;
  Monotonic begun_{};
  Monotonic told_{};
};

Workshop::Workshop(WorkshopOptions options, source::Trees trees, build::Toolchain toolchain)
    : options_(std::move(options)),
      trees_(std::move(trees)),
      toolchain_(std::move(toolchain)),
      projects_(options_.folder / "projects", options_.projects) {}

Result<std::unique_ptr<Workshop>> Workshop::open(WorkshopOptions options) {
  SIMSWARM_CHECK(make_folders(options.folder / "projects"));
  SIMSWARM_TRY(source::Trees trees, source::Trees::open(options.folder / "sources"));
  SIMSWARM_TRY(build::Toolchain toolchain, build::toolchain_here(options.image));
  return std::unique_ptr<Workshop>(new Workshop(std::move(options), std::move(trees), std::move(toolchain)));
}

Result<std::optional<store::BuildRecord>> Workshop::known(const Digest& key, store::Store& store) const {
  SIMSWARM_TRY(std::optional<store::BuildRecord> record, store.build(key));
  if (!record) return std::optional<store::BuildRecord>();
  for (const Digest* digest : {&record->artifact, &record->listing}) {
    SIMSWARM_TRY(const bool is_there, store.has(*digest));
    if (is_there) continue;
    SIMSWARM_CHECK(store.forget_build(key));
    return std::optional<store::BuildRecord>();
  }
  return record;
}

Digest Workshop::key_of(const campaign::BuildRequest& request) const {
  build::BuildKeyParts parts;
  parts.tree = request.tree;
  parts.recipe = fmt::format("1\n{}\n{}", join(request.roots, "\n"), request.steps_folder);
  for (const auto& step : request.steps) parts.recipe += "\n" + shell_line(step);
  parts.mode = request.mode;
  for (const Brought& one : request.environment) parts.environment[one.name] = one.value;
  parts.toolchain = toolchain_.id;
  return build::build_key(parts);
}

void Workshop::sweep_later(ProjectFolder project, source::Checkout checkout) {
  const std::lock_guard guard(mutex_);
  std::erase_if(sweepers_, [](const auto& one) { return one.wait_for(milliseconds(0)) == std::future_status::ready; });
  sweepers_.push_back(
      std::async(std::launch::async, [project = std::move(project), checkout = std::move(checkout)]() mutable {
        const ProjectFolder own = std::move(project);  // its lock goes with this: the future lives longer
        (void)checkout.empty_trash();
      }));
}

std::shared_ptr<Workshop::Key> Workshop::key_named(const std::string& hex) {
  const std::lock_guard guard(mutex_);
  if (keys_.size() > kMostKeys) std::erase_if(keys_, [](const auto& one) { return one.second.expired(); });
  std::weak_ptr<Key>& there = keys_[hex];
  std::shared_ptr<Key> key = there.lock();
  if (key == nullptr) there = key = std::make_shared<Key>();
  return key;
}

Result<BuildResult> Workshop::build(const campaign::BuildRequest& request, store::Store& store, const Ears& ears) {
  if (request.image != options_.image)
    return usage_error("the image {} is asked for, and this builder has {}",
                       request.image.empty() ? "none" : request.image,
                       options_.image.empty() ? "none" : options_.image);
  const Digest digest = key_of(request);
  SIMSWARM_TRY(auto record, known(digest, store));
  if (record) return BuildResult{std::move(*record), true};
  const Monotonic since = system_clock().monotonic();
  const std::shared_ptr<Key> key = key_named(digest.hex());
  std::unique_lock one_builds(key->mutex, std::defer_lock);
  while (!one_builds.try_lock_for(kPause)) {
    if (ears.cancelled()) return cancelled();
  }
  if (key->failed && key->ended > since) {
    ears.output(key->printed);
    return propagate(*key->failed);
  }
  SIMSWARM_TRY(record, known(digest, store));
  if (record) return BuildResult{std::move(*record), true};
  Order order(*this, request, digest, store, ears);
  Result<store::BuildRecord> built = order.carry_out();
  if (!built) {
    key->failed.reset();
    if (built.error().code == ExitCode::kBuildFailed) {
      key->failed = built.error();
      key->printed = order.printed();
    }
    key->ended = system_clock().monotonic();
    return propagate(built.error());
  }
  SIMSWARM_CHECK(store.note(*built));
  return BuildResult{std::move(*built), false};
}

}  // namespace simswarm::builder
