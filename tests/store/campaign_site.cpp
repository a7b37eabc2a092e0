#include "campaign_site.h"

#include <gmock/gmock.h>
#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "mongo_server.h"

namespace simswarm::store {
namespace {

using nlohmann::json;

// Number of the run, its folder. OUTSIDE is replaced, since a word of the command that is a file would be an input.
constexpr const char* kProgram = R"(printf '%s\n' "$1" >>'OUTSIDE/executions'
while [ -z "$PASSES" ] && { [ -e 'OUTSIDE/hold' ] || [ -e "OUTSIDE/hold-$1" ]; }; do sleep 0.02; done
{ cat data.txt; cat 'OUTSIDE/word' 2>/dev/null; echo "run $1"; } >"$2/out.txt"
)";

// As many bytes as are asked for, which do not compress.
constexpr const char* kLarge = R"(key=$(printf '%032d' "$1")
head -c SIZE /dev/zero | openssl enc -aes-128-ctr -K "$key" -iv 0 -nosalt >"$2/large.bin"
)";

void take_event(const json& event, Said& said) {
  const std::string kind = event.value("event", "");
  if (kind == "summary") said.summary = event;
  if (kind == "note") said.notes.push_back(event.at("text"));
  if (kind == "ended") said.ended[event.at("run")] = event.at("outcome");
  if (kind == "error") said.error = event.at("message");
}

}  // namespace

std::string name_of(Kind kind) {
  return kind == Kind::kDirectory ? "Directory" : "Mongodb";
}

std::size_t Said::count(std::string_view part) const {
  return static_cast<std::size_t>(std::count_if(
      notes.begin(), notes.end(), [&](const std::string& note) { return note.find(part) != std::string::npos; }));
}

bool Said::is_complete(std::size_t runs, std::size_t known) const {
  const bool is_it = code == 0 && summary.is_object() && summary.at("state") == "completed" &&
                     summary.at("complete") == runs && summary.at("known") == known;
  EXPECT_TRUE(is_it) << code << "\n" << log;
  return is_it;
}

Said said_by(const Program& program) {
  Said said;
  said.log = program.log();
  for (const std::string_view line : split(said.log, '\n')) {
    const json event = json::parse(line, nullptr, false);
    if (event.is_object()) {
      take_event(event, said);
    } else if (line.starts_with("simswarm: ")) {
      said.error = line;
    }
  }
  return said;
}

CampaignSite::CampaignSite(Kind kind) {
  if (kind == Kind::kDirectory) {
    directory_.emplace();
  } else {
    server_.emplace();
  }
  store_ = good(open_store(store_url()));
  folder_.folder("project");
  folder_.folder("elsewhere");
  folder_.write("outside/executions", "");
  fs::permissions(folder_ / "outside/executions", fs::perms(0666));  // runs may have a user of their own
}

std::string CampaignSite::store_url() const {
  return directory_ ? directory_->url() : server_->url();
}

void CampaignSite::make_program(std::size_t large, const std::string& more) const {
  std::string text = kProgram;
  if (large > 0) text += replace_all(kLarge, "SIZE", std::to_string(large));
  folder_.script("project/program", replace_all(text + more, "OUTSIDE", (folder_ / "outside").string()));
  folder_.write("project/data.txt", "data\n");
}

void CampaignSite::make_simulation(const std::string& ini) const {
  fs::copy_file(CMDSIM_PROGRAM, project() / "sim");
  folder_.write("project/omnetpp.ini", ini);
}

Program CampaignSite::start(const fs::path& where, const Words& words, const std::string& log,
                            Environment environment) {
  Words all{"/bin/sh", "-c", R"(cd "$0" && exec "$@")", where, SIMSWARM_PROGRAM};
  all.insert(all.end(), words.begin(), words.end());
  environment.emplace_back("SIMSWARM_QUEUE", redis_.url());
  return {all, folder_ / fmt::format("{}-{}.log", log, ++logs_), environment};
}

Program CampaignSite::sweep(int runs, const Words& options) {
  Words words{"sweep", "--name", "study", "--json", "--queue", redis_.url(), "--store", store_url()};
  words.insert(words.end(), options.begin(), options.end());
  words.insert(words.end(), {fmt::format("n=0..{}", runs - 1), "--", "./program", "{n}", "{results}"});
  return client(words);
}

Program CampaignSite::client(const Words& words, const Environment& environment) {
  return start(project(), words, "client", environment);
}

Said CampaignSite::said(Program program, std::chrono::seconds at_most) const {
  const int code = program.wait(at_most).value_or(-1);
  Said said = said_by(program);
  said.code = code;
  return said;
}

json CampaignSite::ask(const Words& words, int code) {
  Program program = client(words);
  EXPECT_EQ(program.wait(), code) << program.log();
  return json::parse(program.log(), nullptr, false);
}

json CampaignSite::ask_store(Words words, int code) {
  words.insert(words.begin(), "store");
  words.insert(words.end(), {"--json", "--store", store_url()});
  return ask(words, code);
}

Program CampaignSite::worker(const std::string& name, const Words& options, const Environment& environment) {
  std::vector<std::pair<std::string, std::string>> all{{"--name", name},
                                                       {"--node", "node-of-" + name},
                                                       {"--slots", "1"},
                                                       {"--lease", "1"},
                                                       {"--spool", folder_ / "spool"},
                                                       {"--store", store_url()},
                                                       {"--cache", folder_ / "cache"}};
  for (std::size_t i = 0; i + 1 < options.size(); i += 2) {
    std::erase_if(all, [&](const auto& one) { return one.first == options[i]; });
    if (!options[i + 1].empty()) all.emplace_back(options[i], options[i + 1]);
  }
  Words words{"worker", "run"};
  for (const auto& [option, value] : all) words.insert(words.end(), {option, value});
  Program started = start(folder_ / "elsewhere", words, name, environment);
  EXPECT_TRUE(started.says(", queues "));
  return started;
}

std::size_t CampaignSite::executions(int run) const {
  const std::string all = folder_.read("outside/executions");
  const auto lines = split(all, '\n');
  return static_cast<std::size_t>(std::count(lines.begin(), lines.end(), std::to_string(run)));
}

std::size_t CampaignSite::executions() const {
  const std::string all = folder_.read("outside/executions");
  return static_cast<std::size_t>(std::count(all.begin(), all.end(), '\n'));
}

bool CampaignSite::waits_for_start(int run) const {
  return wait_until([&] { return executions(run) > 0; });
}

bool CampaignSite::waits_for_results(std::size_t count) const {
  return wait_until([&] { return documents(kResults) >= count; });
}

bool CampaignSite::waits_for_finished(long long count) {
  return wait_until([&] {
    long long all = 0;
    for (const jobs::RedisReply& key : redis_.command({"KEYS", "rq:finished:*"}).list)
      all += redis_.command({"ZCARD", key.text}).integer;
    return all == count;
  });
}

std::string CampaignSite::result_of(int run) const {
  return folder_.read(fmt::format("project/results/study/n={}/out.txt", run));
}

void CampaignSite::expect_results(int runs) const {
  for (int run = 0; run < runs; ++run)
    EXPECT_EQ(result_of(run), fmt::format("{}run {}\n", folder_.read("project/data.txt"), run));
}

std::size_t CampaignSite::documents(const char* collection) const {
  std::size_t count = 0;
  const Status read = store_->back_end().each(collection, {}, [&](const Document&) -> Status {
    ++count;
    return {};
  });
  EXPECT_TRUE(read.has_value()) << error_of(read);
  return count;
}

void CampaignSite::damage(Damage how, const Digest& blob) const {
  const std::string file = blob.hex() + ".zst";
  directory_ ? directory_->damage(how, file) : server_->damage(how, file);
}

std::size_t CampaignSite::waiting_on_disk() const {
  std::size_t count = 0;
  std::error_code error;
  for (fs::recursive_directory_iterator it(folder_ / "spool/results", error), end; !error && it != end;
       it.increment(error))
    count += it->path().filename() == "outcome" ? 1 : 0;
  return count;
}

std::vector<Digest> CampaignSite::own_blobs(int run) const {
  std::vector<Digest> blobs;
  for (const RunRecord& record : results_of(run)) {
    for (const OwnBlob& own : record.own) blobs.push_back(record.files[own.file].digest);
  }
  return blobs;
}

std::vector<RunRecord> CampaignSite::results_of(int run) const {
  std::vector<RunRecord> found;
  const Status read = store_->back_end().each(kResults, {"", "", Part::kAll}, [&](const Document& document) -> Status {
    SIMSWARM_TRY(RunRecord record, run_from(document));
    if (record.made_by.run.find(fmt::format(":n={},", run)) != std::string::npos) found.push_back(std::move(record));
    return {};
  });
  EXPECT_TRUE(read.has_value()) << error_of(read);
  return found;
}

Opened::Opened(const CampaignSite& site, const std::vector<Digest>& blobs) : notes_(::inotify_init1(IN_CLOEXEC)) {
  for (const Digest& blob : blobs) EXPECT_GE(::inotify_add_watch(notes_.get(), site.file_of(blob).c_str(), IN_OPEN), 0);
  thread_ = std::thread([this] { read(); });
}

Opened::~Opened() {
  ends_ = true;
  thread_.join();
}

void Opened::read() {
  while (!ends_) {
    pollfd one{notes_.get(), POLLIN, 0};
    if (::poll(&one, 1, 10) != 1) continue;
    alignas(inotify_event) std::array<char, 4096> buffer{};
    const ssize_t size = ::read(notes_.get(), buffer.data(), buffer.size());
    if (size > 0) count_ += static_cast<std::size_t>(size) / sizeof(inotify_event);  // they have no names
  }
}

void expect_equal(const fs::path& left, const fs::path& right) {
  const TestFolder folder;
  Program diff({SIMSWARM_PROGRAM, "diff", left, right}, folder / "log");
  EXPECT_EQ(diff.wait(), 0) << diff.log();
}

}  // namespace simswarm::store
