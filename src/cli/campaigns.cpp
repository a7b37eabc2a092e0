#include "cli/campaigns.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace simswarm::cli {
namespace {

nlohmann::json text_or_null(const std::string& text) {
  return text.empty() ? nlohmann::json() : nlohmann::json(text);
}

nlohmann::json git_json(const Provenance& made) {
  if (!made.uncommitted) return nullptr;
  return {{"commit", text_or_null(made.commit)}, {"uncommitted_changes", *made.uncommitted}};
}

}  // namespace

std::string state_of(const CampaignRecord& campaign, const campaign::StateFolder& state) {
  if (campaign.state != "running" || campaign::SignOfLife::is_alive(state, campaign.id)) return campaign.state;
  return "cut off";
}

Result<CampaignTotals> totals_of(Ledger& ledger, const CampaignRecord& campaign, const std::string& state) {
  if (campaign.totals) return *campaign.totals;
  SIMSWARM_TRY(CampaignTotals totals, ledger.count_runs(campaign));
  if (state == "running") totals.wall_seconds = Seconds(system_clock().stamp() - campaign.started).count();
  totals.wall_seconds = std::max(0.0, totals.wall_seconds);  // the clock may have been set back
  return totals;
}

std::string campaign_json(const CampaignRecord& campaign, const std::string& state, const CampaignTotals& totals) {
  const Provenance& made = campaign.provenance;
  const nlohmann::json all = {
      {"campaign", campaign.id},
      {"name", campaign.name},
      {"state", state},
      {"started", to_text(campaign.started)},
      {"ended", campaign.ended ? nlohmann::json(to_text(*campaign.ended)) : nlohmann::json()},
      {"wall_seconds", totals.wall_seconds},
      {"cpu_seconds", totals.cpu_seconds},
      {"runs",
       {{"total", totals.total},
        {"complete", totals.complete},
        {"known", totals.known},
        {"failed", totals.failed},
        {"not_run", totals.not_run}}},
      {"command", campaign.command},
      {"dialect", campaign.dialect},
      {"folder", campaign.folder},
      {"project", text_or_null(made.project)},
      {"git", git_json(made)},
      {"program", {{"path", text_or_null(made.program)}, {"sha256", text_or_null(made.program_digest)}}},
      {"simulator", text_or_null(made.simulator)},
      {"simswarm", campaign.version},
      {"host", campaign.host},
      {"cores", made.cores > 0 ? nlohmann::json(made.cores) : nlohmann::json()}};
  return all.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace simswarm::cli
