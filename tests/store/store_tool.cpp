// A process that uses a store: `store_tool URL COMMAND WORDS…`. It says one line: what came of it, or «error: …», with
// «(again)» before what may be tried again.
//
//   put FILE            the digest
//   get DIGEST FILE     whole, missing or damaged: …
//   accept RUN CONTENT CAMPAIGN
//                       new, equal, conflict
//   hold DIGEST FOLDER [LIMIT]
//                       the tree of an artifact in a node cache; keeps it until its standard input ends
//   sweep               how many files and bytes
//
// SIMSWARM_STORE_STEP=«NAME#N»: at the Nth step of this name (step_back_end.h) it kills itself; with
// SIMSWARM_STORE_WAIT=FILE it makes FILE there instead, and goes on when that has gone. SIMSWARM_STORE_LOG=FILE gets a
// line a step.
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <mutex>
#include <thread>

#include "base/text.h"
#include "step_back_end.h"
#include "store/node_cache.h"
#include "store/store_url.h"
#include "store_support.h"

namespace simswarm::store {
namespace {

using Words = std::vector<std::string>;

std::string setting(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

void take_step(const std::string& name) {
  static std::mutex mutex;
  static const std::string wanted = setting("SIMSWARM_STORE_STEP");
  static const std::size_t sharp = wanted.find('#');
  static int left = sharp == std::string::npos ? 1 : std::atoi(wanted.c_str() + sharp + 1);
  static const std::string log = setting("SIMSWARM_STORE_LOG");
  const std::lock_guard guard(mutex);
  if (!log.empty()) std::ofstream(log, std::ios::app) << name + "\n";
  if (name != wanted.substr(0, sharp) || --left != 0) return;
  const std::string wait = setting("SIMSWARM_STORE_WAIT");
  if (wait.empty()) ::raise(SIGKILL);
  std::ofstream(wait) << name;
  while (fs::exists(wait)) std::this_thread::sleep_for(std::chrono::milliseconds(5));
}

Result<std::string> put(Store& store, const Words& words) {
  SIMSWARM_TRY(const auto content, FileSource::open(words.at(0)));
  SIMSWARM_TRY(const Blob blob, store.put(*content));
  return blob.digest.hex();
}

Result<std::string> get(Store& store, const Words& words) {
  SIMSWARM_TRY(const Digest digest, Digest::parse(words.at(0)));
  SIMSWARM_TRY(const auto sink, FileSink::create(words.at(1)));
  SIMSWARM_TRY(const Fetched fetched, store.fetch(digest, *sink));
  if (fetched.state == Fetched::State::kWhole) return "whole";
  return (fetched.state == Fetched::State::kMissing ? "missing: " : "damaged: ") + fetched.trouble;
}

Result<std::string> accept(Store& store, const Words& words) {
  const RunRecord record = result_for(words.at(0), words.at(1), words.at(2));
  SIMSWARM_TRY(const auto accepted, store.accept({&record, 1}));
  constexpr std::string_view kWords[] = {"new", "equal", "conflict"};
  return std::string(kWords[static_cast<int>(accepted.front())]);
}

Result<std::string> hold(Store& store, const Words& words) {
  SIMSWARM_TRY(const Digest digest, Digest::parse(words.at(0)));
  CacheOptions options;
  options.folder = words.at(1);
  if (words.size() > 2) options.limit = static_cast<std::uint64_t>(parse_int(words[2]).value_or(0));
  options.say = [](const std::string& text) { std::cout << "said: " << text << std::endl; };
  SIMSWARM_TRY(const auto cache, NodeCache::open(options));
  SIMSWARM_TRY(const auto held, cache->hold(digest, store));
  std::cout << held->tree().string() << std::endl;
  while (std::cin.get() != std::char_traits<char>::eof()) continue;
  return "done";
}

Result<std::string> sweep(Store& store) {
  SIMSWARM_TRY(const Swept swept, store.back_end().sweep(std::chrono::seconds(0)));
  return fmt::format("{} {}", swept.files, swept.bytes);
}

Result<std::string> work(const std::string& url, const std::string& command, const Words& words) {
  SIMSWARM_TRY(const StoreAddress address, parse_store_url(url));
  const bool is_folder = address.kind == StoreAddress::Kind::kDirectory;
  SIMSWARM_TRY(auto back_end, is_folder ? open_directory(address.folder) : open_mongodb(url));
  Store store(with_steps(std::move(back_end), take_step));
  if (command == "put") return put(store, words);
  if (command == "get") return get(store, words);
  if (command == "accept") return accept(store, words);
  if (command == "hold") return hold(store, words);
  if (command == "sweep") return sweep(store);
  return usage_error("no command {}", command);
}

// No file of ours may be larger: like a disk that is full.
void limit_files() {
  const std::string most = setting("SIMSWARM_STORE_FILE_LIMIT");
  if (most.empty()) return;
  const auto bytes = static_cast<rlim_t>(parse_int(most).value_or(0));
  const rlimit limit{bytes, bytes};
  ::setrlimit(RLIMIT_FSIZE, &limit);
  ::signal(SIGXFSZ, SIG_IGN);
}

}  // namespace
}  // namespace simswarm::store

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  simswarm::store::limit_files();
  const auto said = simswarm::store::work(argv[1], argv[2], {argv + 3, argv + argc});
  if (said) {
    std::cout << *said << std::endl;
  } else {
    std::cout << "error: " << (said.error().can_retry ? "(again) " : "") << said.error().message << std::endl;
  }
  return said ? 0 : 1;
}
