// Campaigns whose runs real workers execute, with a store in between: a Redis server, a store, a project, and a client
// and workers as processes. Workers stand in a folder of their own, and share nothing with the project.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "redis_server.h"
#include "store/store.h"
#include "store_support.h"
#include "work_site.h"

namespace simswarm::store {

using jobs::Environment;
using jobs::Program;
using jobs::Words;

enum class Kind { kDirectory, kMongodb };
// For names of tests that are held on both.
std::string name_of(Kind kind);

// What a client has said with --json until now, and how it ended.
struct Said {
  int code = -1;
  std::string log;
  nlohmann::json summary;  // null: none yet
  std::vector<std::string> notes;
  std::map<std::string, std::string> ended;  // run: its outcome
  std::string error;                         // of the event, or the line on standard error

  // How many notes have this part.
  [[nodiscard]] std::size_t count(std::string_view part) const;
  [[nodiscard]] bool is_complete(std::size_t runs, std::size_t known = 0) const;
};
Said said_by(const Program& program);

class CampaignSite {
 public:
  explicit CampaignSite(Kind kind = Kind::kDirectory);
  CampaignSite(const CampaignSite&) = delete;
  CampaignSite& operator=(const CampaignSite&) = delete;
  ~CampaignSite() = default;

  // A project whose ./program N FOLDER notes that it was executed, waits while it is held (where PASSES is not in its
  // environment), and writes what data.txt and the file «word» outside say; with `large` also so many bytes that do not
  // compress, the same for the same N.
  void make_program(std::size_t large = 0, const std::string& more = "") const;
  // One of cmdsim: ./sim and omnetpp.ini.
  void make_simulation(const std::string& ini) const;

  // simswarm sweep over n=0…runs-1 of the program, and any call in the project.
  [[nodiscard]] Program sweep(int runs, const Words& options = {});
  [[nodiscard]] Program client(const Words& words, const Environment& environment = {});
  // Until it has ended.
  [[nodiscard]] Said said(Program program, std::chrono::seconds at_most = std::chrono::seconds(60)) const;
  // Of the project, without queue: what simswarm says.
  [[nodiscard]] nlohmann::json ask(const Words& words, int code = 0);
  // simswarm store … --json
  [[nodiscard]] nlohmann::json ask_store(Words words, int code = 0);

  // `simswarm worker run`: one slot, leases of a second, cache and spool that all share. Options take the place of
  // these; an empty one takes it away. It has announced itself when this returns.
  [[nodiscard]] Program worker(const std::string& name, const Words& options = {}, const Environment& environment = {});

  void hold() const { folder_.write("outside/hold", ""); }
  void hold(int run) const { folder_.write(fmt::format("outside/hold-{}", run), ""); }
  void let_go() const { fs::remove(folder_ / "outside/hold"); }
  void let_go(int run) const { fs::remove(folder_ / fmt::format("outside/hold-{}", run)); }
  [[nodiscard]] std::size_t executions(int run) const;
  [[nodiscard]] std::size_t executions() const;  // of all
  [[nodiscard]] bool waits_for_start(int run) const;
  [[nodiscard]] bool waits_for_results(std::size_t count) const;  // accepted by the store
  [[nodiscard]] bool waits_for_finished(long long count);         // in the queue
  // Each of these runs has its whole result in the project.
  void expect_results(int runs) const;
  [[nodiscard]] std::string result_of(int run) const;

  [[nodiscard]] std::size_t documents(const char* collection) const;
  [[nodiscard]] Store& store() const { return *store_; }
  [[nodiscard]] std::string store_url() const;
  void damage(Damage how, const Digest& blob) const;
  // Accepted results of the n-th run, of all campaigns; and what of them are blobs by themselves.
  [[nodiscard]] std::vector<RunRecord> results_of(int run) const;
  [[nodiscard]] std::vector<Digest> own_blobs(int run) const;
  // Of a store in a folder.
  [[nodiscard]] fs::path file_of(const Digest& blob) const { return directory_->file(blob.hex() + ".zst"); }
  [[nodiscard]] fs::path store_folder() const { return directory_->root(); }
  [[nodiscard]] const TestFolder& folder() const { return folder_; }
  [[nodiscard]] fs::path project() const { return folder_ / "project"; }
  [[nodiscard]] fs::path results() const { return folder_ / "project/results"; }
  [[nodiscard]] std::string outside(const std::string& name) const { return folder_ / ("outside/" + name); }
  [[nodiscard]] std::size_t waiting_on_disk() const;  // results in the spool
  [[nodiscard]] jobs::RedisServer& redis() { return redis_; }

 protected:
  // simswarm in that folder.
  [[nodiscard]] Program start(const fs::path& where, const Words& words, const std::string& log,
                              Environment environment);

 private:
  TestFolder folder_;
  jobs::RedisServer redis_;
  std::optional<DirectoryPlace> directory_;
  std::optional<ServerPlace> server_;
  std::unique_ptr<Store> store_;
  int logs_ = 0;
};

// How often these blobs of a store in a folder are opened while this lives.
class Opened {
 public:
  Opened(const CampaignSite& site, const std::vector<Digest>& blobs);
  Opened(const Opened&) = delete;
  Opened& operator=(const Opened&) = delete;
  ~Opened();
  [[nodiscard]] std::size_t count() const { return count_; }

 private:
  void read();

  Fd notes_;
  std::atomic<std::size_t> count_ = 0;
  std::atomic<bool> ends_ = false;
  std::thread thread_;
};

// `simswarm diff` finds no difference.
void expect_equal(const fs::path& left, const fs::path& right);

}  // namespace simswarm::store
