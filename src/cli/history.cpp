// simswarm history: the campaigns of a folder.
#include <cmath>
#include "base/text.h"
#include "cli/campaigns.h"
#include "cli/commands.h"
#include "cli/screen.h"
#include "cli/setup.h"
#include "result/text_table.h"
#include "result/width.h"

namespace simswarm::cli {
namespace {

struct Entry {
  CampaignRecord campaign;
  std::string state;
  CampaignTotals totals;
};

Result<std::vector<Entry>> entries_of(const Opened& opened, const HistoryArguments& arguments) {
  SIMSWARM_TRY(auto campaigns, opened.ledger->campaigns());
  const auto most = static_cast<std::size_t>(arguments.most.value_or(0));
  if (arguments.most && campaigns.size() > most) campaigns.resize(most);
  std::vector<Entry> entries;
  for (CampaignRecord& campaign : campaigns) {
    const std::string state = state_of(campaign, opened.state);
    SIMSWARM_TRY(const CampaignTotals totals, totals_of(*opened.ledger, campaign, state));
    entries.push_back({std::move(campaign), state, totals});
  }
  return entries;
}

// At most six characters, so that a line fits 80 columns: «7.2 s», «4m05s», «3h12m», «2d04h».
std::string short_duration(double seconds) {
  if (seconds < 59.95) return fmt::format("{:.1f} s", seconds);
  const auto whole = static_cast<std::int64_t>(std::llround(seconds));
  if (whole < 3600) return fmt::format("{}m{:02}s", whole / 60, whole % 60);
  if (whole < 86400) return fmt::format("{}h{:02}m", whole / 3600, whole / 60 % 60);
  return fmt::format("{}d{:02}h", whole / 86400, whole / 3600 % 24);
}

// «2026-11-22 16:29»
std::string minute(Stamp stamp) {
  return replace_all(to_text(stamp).substr(0, 16), "T", " ");
}

std::string short_commit(const Provenance& made) {
  constexpr std::size_t kDigits = 7;
  if (made.commit.empty()) return "-";
  return made.commit.substr(0, kDigits) + (made.uncommitted.value_or(false) ? "+" : "");
}

// Below the line of the table: what it was.
std::string details(const CampaignRecord& campaign) {
  const Provenance& made = campaign.provenance;
  const std::string program = made.program.empty() ? std::string() : fs::path(made.program).filename().string();
  std::string text = fmt::format("  {} {}", campaign.id, campaign.name);
  if (!program.empty()) text += ": " + program;
  if (!made.simulator.empty()) text += fmt::format(" ({})", made.simulator);
  return text + " on " + campaign.host;
}

std::string as_table(const std::vector<Entry>& entries) {
  result::TextTable table({"started (UTC)", "state", "complete", "failed", "known", "time", "CPU", "commit"});
  for (const auto& [campaign, state, totals] : entries) {
    table.add_row({minute(campaign.started), state, fmt::format("{}/{}", totals.complete, totals.total),
                   std::to_string(totals.failed), std::to_string(totals.known), short_duration(totals.wall_seconds),
                   short_duration(totals.cpu_seconds), short_commit(campaign.provenance)});
  }
  for (const std::size_t column : {2U, 5U, 6U}) table.align(column, result::Align::kRight);
  table.align(7, result::Align::kLeft);
  const std::size_t width = stdout_is_terminal() ? terminal_size().columns : 0;
  result::TextTable::Style style;
  style.width = width;
  const std::string whole = table.render(style);
  constexpr std::size_t kHead = 2;
  std::string text;
  std::size_t line = 0;
  for (const std::string_view row : lines(whole)) {
    text += fmt::format("{}\n", row);
    if (line++ < kHead) continue;
    const std::string below = details(entries[line - kHead - 1].campaign);
    text += (width > 0 ? result::shortened(below, width, true) : below) + "\n";
  }
  return text;
}

std::string as_json(const std::vector<Entry>& entries) {
  std::vector<std::string> list;
  for (const auto& [campaign, state, totals] : entries) list.push_back(campaign_json(campaign, state, totals));
  return fmt::format("{{\"campaigns\":[{}]}}\n", join(list, ","));
}

}  // namespace

Result<ExitCode> history(const HistoryArguments& arguments) {
  if (arguments.most && *arguments.most < 1) return usage_error("-n {}: at least one campaign", *arguments.most);
  SIMSWARM_TRY(const Opened opened, open_ledger(arguments.look));
  SIMSWARM_TRY(const auto entries, entries_of(opened, arguments));
  print(arguments.look.json ? as_json(entries) : as_table(entries));
  return ExitCode::kOk;
}

}  // namespace simswarm::cli
