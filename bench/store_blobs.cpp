// What bench/store.py asks of the store and of archives themselves. Says one line of JSON: seconds, and the most
// memory.
//
//   put URL FILE            as a blob
//   get URL DIGEST FILE
//   bring URL FOLDER        as one tar, as artifacts are
//   hold URL DIGEST CACHE   an artifact in a node cache: fetched and unpacked, or there
//   hash FILE               its digest
//   pack FILE LEVEL         digest of it, zstd, digest of what came out: what a blob takes without its store
#include <fmt/core.h>
#include <sys/resource.h>

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "archive/compression.h"
#include "archive/tar.h"
#include "base/text.h"
#include "store/node_cache.h"

namespace simswarm::store {
namespace {

using Words = std::vector<std::string>;

struct Said {
  Digest digest;
  std::uint64_t stored = 0;  // bytes; 0: does not matter
};

class Nowhere final : public Sink {
 public:
  Status write(std::string_view) override { return {}; }
};

Result<Said> put(const Words& words) {
  SIMSWARM_TRY(const auto store, open_store(words.at(0)));
  SIMSWARM_TRY(const auto content, FileSource::open(words.at(1)));
  SIMSWARM_TRY(const Blob blob, store->put(*content));
  return Said{blob.digest, blob.stored};
}

Result<Said> get(const Words& words) {
  SIMSWARM_TRY(const auto store, open_store(words.at(0)));
  SIMSWARM_TRY(const Digest digest, Digest::parse(words.at(1)));
  SIMSWARM_TRY(const auto sink, FileSink::create(words.at(2)));
  SIMSWARM_TRY(const Fetched fetched, store->fetch(digest, *sink));
  if (fetched.state != Fetched::State::kWhole) return environment_error("{}", fetched.trouble);
  return Said{digest};
}

Result<Said> bring(const Words& words) {
  SIMSWARM_TRY(const auto store, open_store(words.at(0)));
  SIMSWARM_TRY(const auto entries, archive::entries_of(words.at(1)));
  SIMSWARM_TRY(const auto writer, store->create_blob());
  SIMSWARM_TRY([[maybe_unused]] const auto packed, archive::pack(entries, archive::Times::kDropped, *writer));
  SIMSWARM_TRY(const Blob blob, writer->keep());
  return Said{blob.digest, blob.stored};
}

Result<Said> hold(const Words& words) {
  SIMSWARM_TRY(const auto store, open_store(words.at(0)));
  SIMSWARM_TRY(const Digest digest, Digest::parse(words.at(1)));
  CacheOptions options;
  options.folder = words.at(2);
  SIMSWARM_TRY(const auto cache, NodeCache::open(options));
  SIMSWARM_TRY([[maybe_unused]] const auto held, cache->hold(digest, *store));
  return Said{digest};
}

Result<Said> hash(const Words& words) {
  SIMSWARM_TRY(const Digest digest, digest_of_file(words.at(0)));
  return Said{digest};
}

Result<Said> pack(const Words& words) {
  SIMSWARM_TRY(const auto content, FileSource::open(words.at(0)));
  Nowhere nowhere;
  HashingSink stored(nowhere);
  const auto packed = archive::compress_into(stored, static_cast<int>(parse_int(words.at(1)).value_or(0)));
  HashingSink all(*packed);
  SIMSWARM_TRY([[maybe_unused]] const std::uint64_t size, pour(*content, all));
  SIMSWARM_CHECK(all.finish());
  return Said{all.digest(), stored.size()};
}

double processor_seconds(const rusage& used) {
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

// KiB. Not of getrusage: that counts what the process was before it was this program.
std::uint64_t peak_memory() {
  const std::string status = read_file("/proc/self/status").value_or("");
  const std::string name = "VmHWM:";
  const std::size_t at = status.find(name);
  if (at == std::string::npos) return 0;
  const std::string_view rest = std::string_view(status).substr(at + name.size());
  return static_cast<std::uint64_t>(parse_int(trim(rest.substr(0, rest.find("kB")))).value_or(0));
}

int run(const std::string& command, const Words& words) {
  const std::map<std::string, std::function<Result<Said>(const Words&)>> commands{
      {"put", put}, {"get", get}, {"bring", bring}, {"hold", hold}, {"hash", hash}, {"pack", pack}};
  const auto one = commands.find(command);
  if (one == commands.end()) return 2;
  const auto begin = std::chrono::steady_clock::now();
  const auto said = one->second(words);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  if (!said) {
    fmt::print(stderr, "{}\n", said.error().message);
    return 1;
  }
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  fmt::print(R"({{"digest": "{}", "stored": {}, "seconds": {:.6f}, "processor": {:.6f}, "peak_kib": {}}})"
             "\n",
             said->digest.hex(), said->stored, seconds, processor_seconds(used), peak_memory());
  return 0;
}

}  // namespace
}  // namespace simswarm::store

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  return simswarm::store::run(argv[1], {argv + 2, argv + argc});
}
