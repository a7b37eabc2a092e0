// simswarm clean: what the state folder holds that nothing needs, how large it is, and removing it.
#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <set>

#include "base/text.h"
#include "cli/campaigns.h"
#include "cli/commands.h"
#include "cli/screen.h"
#include "cli/setup.h"
#include "result/text_table.h"

namespace simswarm::cli {
namespace {

constexpr std::size_t kKeyDigits = 16;  // of the names in attempts/

std::vector<fs::path> entries_of(const fs::path& folder) {
  std::vector<fs::path> found;
  std::error_code ignored;
  for (auto entry = fs::directory_iterator(folder, ignored); entry != fs::directory_iterator();
       entry.increment(ignored))
    found.push_back(entry->path());
  std::sort(found.begin(), found.end());
  return found;
}

std::uint64_t bytes_below(const fs::path& folder) {
  std::uint64_t bytes = 0;
  std::error_code ignored;
  for (auto entry = fs::recursive_directory_iterator(folder, ignored); entry != fs::recursive_directory_iterator();
       entry.increment(ignored)) {
    if (entry->symlink_status(ignored).type() == fs::file_type::regular) bytes += entry->file_size(ignored);
  }
  return bytes;
}

Amount amount_of(const std::vector<fs::path>& folders) {
  Amount amount{folders.size(), 0};
  for (const fs::path& folder : folders) amount.bytes += bytes_below(folder);
  return amount;
}

Status remove_all(const std::vector<fs::path>& folders) {
  for (const fs::path& folder : folders) SIMSWARM_CHECK(remove_tree(folder));
  return {};
}

// Which campaigns are old enough, by age and by their number.
class Age {
 public:
  [[nodiscard]] static Result<Age> from(const CleanArguments& arguments) {
    Age age;
    if (!arguments.older_than.empty()) {
      age.seconds_ = parse_duration(arguments.older_than);
      if (!age.seconds_ || *age.seconds_ < 0)
        return usage_error("--older-than={}: expected a duration, like 12h or 30d", arguments.older_than);
    }
    if (arguments.keep && *arguments.keep < 0) return usage_error("--keep={}: 0 campaigns or more", *arguments.keep);
    if (arguments.keep) age.keep_ = static_cast<std::size_t>(*arguments.keep);
    return age;
  }

  [[nodiscard]] bool is_given() const { return seconds_.has_value() || keep_.has_value(); }
  [[nodiscard]] std::size_t keep(std::size_t otherwise) const { return keep_.value_or(otherwise); }
  [[nodiscard]] bool is_past(Stamp stamp) const {
    return !seconds_ || Seconds(system_clock().stamp() - stamp).count() > *seconds_;
  }
  [[nodiscard]] bool is_past(const fs::path& path) const {
    const auto identity = identify_itself(path);
    return identity && is_past(Stamp(std::chrono::microseconds(identity->mtime_ns / 1000)));
  }

 private:
  std::optional<double> seconds_;
  std::optional<std::size_t> keep_;
};

// What can go. Nothing of a living campaign is in it.
class Waste {
 public:
  [[nodiscard]] static Result<Waste> find(const Opened& opened, const Age& age) {
    Waste waste(opened, age);
    SIMSWARM_TRY(waste.campaigns_, opened.ledger->campaigns());
    for (const CampaignRecord& campaign : waste.campaigns_) {
      if (campaign::SignOfLife::is_alive(opened.state, campaign.id)) waste.living.insert(campaign.id);
    }
    waste.find_kept();
    SIMSWARM_CHECK(waste.find_attempts());
    SIMSWARM_CHECK(waste.find_scratch());
    waste.old = waste.old_campaigns(age.keep(1));
    SIMSWARM_TRY(waste.forgettable, opened.ledger->forgettable(waste.old));
    return waste;
  }

  std::vector<fs::path> kept, attempts, scratch, staged;
  std::vector<std::string> old, forgettable;  // campaigns
  std::set<std::string> living;

 private:
  Waste(const Opened& opened, const Age& age) : opened_(opened), age_(age) {}

  [[nodiscard]] std::vector<std::string> old_campaigns(std::size_t keep) const {
    std::vector<std::string> old;
    for (std::size_t i = keep; i < campaigns_.size(); ++i) {
      const CampaignRecord& campaign = campaigns_[i];
      if (!living.contains(campaign.id) && age_.is_past(campaign.ended.value_or(campaign.started)))
        old.push_back(campaign.id);
    }
    return old;
  }

  void find_kept() {
    const std::vector<std::string> old = old_campaigns(age_.keep(0));
    for (const fs::path& folder : entries_of(opened_.state.root / "kept")) {
      const std::string id = folder.filename().string();
      const bool known = std::any_of(campaigns_.begin(), campaigns_.end(),
                                     [&](const CampaignRecord& campaign) { return campaign.id == id; });
      const bool is_old = known ? std::find(old.begin(), old.end(), id) != old.end() : age_.is_past(folder);
      if (is_old && !campaign::SignOfLife::is_alive(opened_.state, id)) kept.push_back(folder);
    }
  }

  // A living campaign may be about to write those of its runs.
  Status find_attempts() {
    std::set<std::string> needed;
    for (std::size_t i = 0; i < campaigns_.size(); ++i) {
      if (i >= age_.keep(0) && !living.contains(campaigns_[i].id)) continue;
      SIMSWARM_TRY(const auto runs, opened_.ledger->runs_of(campaigns_[i].id));
      if (runs.size() < campaigns_[i].planned) return {};  // which of them are needed is not known yet
      for (const PlannedRun& run : runs) needed.insert(run.key.digest.hex().substr(0, kKeyDigits));
    }
    for (const fs::path& folder : entries_of(opened_.state.attempts())) {
      if (!needed.contains(folder.filename().string()) && age_.is_past(folder)) attempts.push_back(folder);
    }
    return {};
  }

  Status find_scratch() {
    SIMSWARM_TRY(const auto intents, opened_.ledger->intents());
    for (const Intent& intent : intents) staged.insert(staged.end(), intent.staged.begin(), intent.staged.end());
    for (const fs::path& folder : entries_of(opened_.state.root / "scratch")) {
      const auto holds = [&](const fs::path& file) { return lies_in(folder, file); };
      if (campaign::SignOfLife::is_alive(opened_.state, folder.filename().string())) continue;
      if (std::none_of(staged.begin(), staged.end(), holds)) scratch.push_back(folder);
    }
    return {};
  }

  const Opened& opened_;
  const Age& age_;
  std::vector<CampaignRecord> campaigns_;
};

struct Item {
  std::string_view what;
  std::string_view meaning;
  std::string_view option;
  Amount amount;
  bool remove = false;
};

Result<std::vector<Item>> measure(const Opened& opened, const Waste& waste, const CleanArguments& arguments,
                                  bool may_forget) {
  SIMSWARM_TRY(const Amount logs, opened.ledger->logs_of(waste.old));
  SIMSWARM_TRY(const Amount records, opened.ledger->records_of(waste.forgettable));
  SIMSWARM_TRY(const std::uint64_t unused, opened.ledger->unused_bytes());
  const bool all = arguments.all;
  const bool any = all || arguments.kept || arguments.attempts || arguments.logs || arguments.campaigns;
  return std::vector<Item>{{"kept", "older files that stood in the way of results, by campaign", "--kept",
                            amount_of(waste.kept), all || arguments.kept},
                           {"attempts", "what failed attempts left, by run", "--attempts", amount_of(waste.attempts),
                            all || arguments.attempts},
                           {"logs", "output of attempts of old campaigns", "--logs", logs, all || arguments.logs},
                           {"campaigns", "records of old campaigns of whose results none is in place", "--campaigns",
                            records, (all || arguments.campaigns) && may_forget},
                           {"scratch", "of campaigns that were cut off", "any of these", amount_of(waste.scratch), any},
                           {"ledger", "room that nothing fills", "any of these", {1, unused}, any}};
}

Status remove(const Opened& opened, const Waste& waste, const std::vector<Item>& items) {
  const auto wanted = [&](std::string_view what) {
    return std::any_of(items.begin(), items.end(), [&](const Item& item) { return item.what == what && item.remove; });
  };
  {
    // As a commit and a start of a campaign take it: neither moves files meanwhile.
    SIMSWARM_TRY(const auto lock, campaign::FileLock::take(opened.state.root / "commit.lock"));
    if (wanted("kept")) SIMSWARM_CHECK(remove_all(waste.kept));
    if (wanted("attempts")) SIMSWARM_CHECK(remove_all(waste.attempts));
    SIMSWARM_CHECK(campaign::sweep_scratch(opened.state, waste.staged));
  }
  if (wanted("logs")) SIMSWARM_CHECK(opened.ledger->drop_logs(waste.old));
  if (wanted("campaigns")) SIMSWARM_CHECK(opened.ledger->forget_campaigns(waste.forgettable));
  return waste.living.empty() ? opened.ledger->compact() : Status();
}

std::uint64_t ledger_size(const Opened& opened) {
  std::uint64_t size = 0;
  for (const char* name : {"ledger.sqlite", "ledger.sqlite-wal"}) {
    const auto identity = identify(opened.state.root / name);
    size += identity ? identity->size : 0;
  }
  return size;
}

std::string as_table(const std::vector<Item>& items, bool removed) {
  result::TextTable table({"what", "number", "size", removed ? "removed" : "removed by", "meaning"});
  for (const Item& item : items) {
    const std::string_view done = item.remove ? "yes" : "no";
    table.add_row({std::string(item.what), std::to_string(item.amount.count), human_bytes(item.amount.bytes),
                   std::string(removed ? done : item.option), std::string(item.meaning)});
  }
  result::TextTable::Style style;
  if (stdout_is_terminal()) style.width = terminal_size().columns;
  return table.render(style);
}

std::string as_json(const std::vector<Item>& items, bool removed, std::uint64_t before, std::uint64_t after) {
  nlohmann::json all = {{"removed", removed}, {"ledger_bytes_before", before}, {"ledger_bytes", after}};
  for (const Item& item : items) {
    all["items"].push_back(
        {{"what", item.what}, {"count", item.amount.count}, {"bytes", item.amount.bytes}, {"removed", item.remove}});
  }
  return all.dump() + "\n";
}

std::string remarks(const Waste& waste, bool removed) {
  std::string text;
  if (!removed) text += "Nothing has been removed. Results, and what is known of them, are never touched.\n";
  if (!waste.living.empty()) {
    text += fmt::format("Campaign {} is running: what is its own is left alone, and the ledger is not compacted.\n",
                        *waste.living.begin());
  }
  return text;
}

}  // namespace

Result<ExitCode> clean(const CleanArguments& arguments) {
  SIMSWARM_TRY(const Age age, Age::from(arguments));
  if (arguments.campaigns && !age.is_given())
    return usage_error("--campaigns forgets for good: say which ones, with --older-than 30d or --keep 10");
  SIMSWARM_TRY(const Opened opened, open_ledger(arguments.look));
  SIMSWARM_TRY(const Waste waste, Waste::find(opened, age));
  SIMSWARM_TRY(const auto items, measure(opened, waste, arguments, age.is_given()));
  const bool removes = std::any_of(items.begin(), items.end(), [](const Item& item) { return item.remove; });
  const std::uint64_t before = ledger_size(opened);
  if (removes) SIMSWARM_CHECK(remove(opened, waste, items));
  const std::uint64_t after = ledger_size(opened);
  if (arguments.look.json) {
    print(as_json(items, removes, before, after));
    return ExitCode::kOk;
  }
  print(as_table(items, removes) + remarks(waste, removes));
  if (removes) print(fmt::format("ledger: {}, was {}\n", human_bytes(after), human_bytes(before)));
  return ExitCode::kOk;
}

}  // namespace simswarm::cli
