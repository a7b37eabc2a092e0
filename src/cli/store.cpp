// simswarm store: what a store holds, whether it is whole, and making room in it.
#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/queue_url.h"
#include "cli/screen.h"
#include "cli/store_items.h"
#include "result/text_table.h"
#include "result/width.h"
#include "store/store_url.h"
#include "store/upkeep.h"

namespace simswarm::cli {
namespace {

using nlohmann::json;
using store::CampaignView;
using store::Store;

constexpr std::size_t kShortId = 10;  // of a ULID: its time, to the millisecond

std::string dumped(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
}

std::string counted(std::uint64_t number, std::string_view what) {
  return fmt::format("{} {}{}", number, what, number == 1 ? "" : "s");
}

// «11-22 16:29» of «2026-11-22T16:29:01.123456Z».
std::string short_time(Stamp stamp) {
  return replace_all(to_text(stamp).substr(5, 11), "T", " ");
}

result::TextTable::Style table_style() {
  result::TextTable::Style style;
  style.width = stdout_is_terminal() ? terminal_size().columns : 0;
  return style;
}

// As much of the ids as tells all of them apart.
std::size_t digits_that_tell(const std::vector<CampaignView>& campaigns) {
  std::size_t digits = kShortId;
  for (std::size_t i = 1; i < campaigns.size(); ++i) {  // they are sorted
    const std::string& a = campaigns[i - 1].record.id;
    const std::string& b = campaigns[i].record.id;
    const auto differ = std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first;
    digits = std::max(digits, static_cast<std::size_t>(differ - a.begin()) + 1);
  }
  return digits;
}

std::string runs_text(const CampaignView& view) {
  return view.is_known ? fmt::format("{}/{}", view.complete, view.record.runs) : std::to_string(view.complete);
}

std::string quota_line(const store::Usage& usage, const std::optional<std::uint64_t>& quota) {
  std::string line = fmt::format("{} stored: {} in {}, {} in documents\n", human_bytes(usage.bytes()),
                                 human_bytes(usage.stored), counted(usage.blobs, "blob"), human_bytes(usage.documents));
  if (!quota) return line + "no quota\n";
  line += "quota " + human_bytes(*quota);
  if (usage.bytes() >= *quota) line += ", used up: nothing new starts; store gc, rm or quota makes room";
  return line + "\n";
}

json usage_json(const store::Usage& usage, const std::optional<std::uint64_t>& quota) {
  return {{"bytes", usage.bytes()},
          {"blobs", usage.blobs},
          {"blob_bytes", usage.stored},
          {"document_bytes", usage.documents},
          {"quota", quota ? json(*quota) : json()}};
}

json campaign_json(const CampaignView& view) {
  json one{{"campaign", view.record.id},
           {"known", view.is_known},
           {"complete", view.complete},
           {"conflicts", view.conflicts},
           {"bytes", view.bytes()},
           {"blob_bytes", view.blob_bytes},
           {"document_bytes", view.inline_bytes},
           {"collected", view.collected ? json(to_text(*view.collected)) : json()}};
  if (!view.is_known) return one;
  one["name"] = view.record.name;
  one["runs"] = view.record.runs;
  one["host"] = view.record.host;
  one["queue"] = view.record.queue;
  one["created"] = to_text(view.record.created);
  one["artifact"] = view.record.artifact.hex();
  one["plan"] = view.record.plan.hex();
  return one;
}

std::string campaign_table(const std::vector<CampaignView>& campaigns) {
  const std::size_t digits = digits_that_tell(campaigns);
  // The id is to be copied: where it is narrow the name is cut, not the id.
  constexpr std::size_t kOthers = 64;
  const std::size_t columns = stdout_is_terminal() ? terminal_size().columns : 1000;
  const std::size_t name_width = std::max(columns, digits + kOthers + kShortId) - digits - kOthers;
  const bool any_conflict =
      std::any_of(campaigns.begin(), campaigns.end(), [](const CampaignView& view) { return view.conflicts > 0; });
  std::vector<std::string> header{"campaign", "name", "created", "complete"};
  if (any_conflict) header.emplace_back("conflicts");
  header.insert(header.end(), {"size", "collected"});
  result::TextTable table(header);
  table.align(3, result::Align::kRight);
  for (const CampaignView& view : campaigns) {
    std::vector<std::string> row{view.record.id.substr(0, digits),
                                 view.is_known ? result::shortened(view.record.name, name_width) : "(removed)",
                                 view.is_known ? short_time(view.record.created) : "", runs_text(view)};
    if (any_conflict) row.push_back(std::to_string(view.conflicts));
    row.insert(row.end(), {human_bytes(view.bytes()), view.collected ? short_time(*view.collected) : "no"});
    table.add_row(std::move(row));
  }
  return table.render(table_style());
}

Result<ExitCode> list(Store& store, const UpkeepArguments& arguments) {
  if (!arguments.words.empty()) return usage_error("store ls takes no further word; store show {}", arguments.words[0]);
  SIMSWARM_TRY(const store::Listing listing, list_campaigns(store));
  if (arguments.json) {
    json all = usage_json(listing.usage, listing.quota);
    all["store"] = store.shown();
    all["unused_blobs"] = listing.unused_blobs;
    all["unused_bytes"] = listing.unused_bytes;
    all["campaigns"] = json::array();
    for (const CampaignView& view : listing.campaigns) all["campaigns"].push_back(campaign_json(view));
    return print(dumped(all)), ExitCode::kOk;
  }
  print(listing.campaigns.empty() ? "no campaigns\n" : campaign_table(listing.campaigns));
  print(quota_line(listing.usage, listing.quota));
  if (listing.unused_blobs > 0) {
    print(fmt::format("{} ({}) that nothing names; simswarm store gc removes it after a day\n",
                      counted(listing.unused_blobs, "blob"), human_bytes(listing.unused_bytes)));
  }
  return ExitCode::kOk;
}

std::string field(std::string_view name, std::string_view value) {
  return value.empty() ? std::string() : fmt::format("{:<11} {}\n", name, value);
}

Result<std::string> blob_text(Store& store, const Digest& digest) {
  const std::string& id = digest.hex();
  SIMSWARM_TRY(const auto found, store.back_end().find(store::kBlobs, {&id, 1}, store::Part::kBody));
  if (!found.front()) return id + " (missing)";
  SIMSWARM_TRY(const store::BlobRecord record, blob_from(*found.front()));
  return fmt::format("{}\n{:12}{}, stored {}", id, "", human_bytes(record.size), human_bytes(record.stored));
}

Result<std::string> show_campaign(Store& store, const std::string& id, json& object) {
  SIMSWARM_TRY(const store::Listing listing, list_campaigns(store));
  const auto view = std::find_if(listing.campaigns.begin(), listing.campaigns.end(),
                                 [&](const CampaignView& one) { return one.record.id == id; });
  if (view == listing.campaigns.end()) return environment_error("campaign {} has just been removed", id);
  std::map<std::string, std::size_t> outcomes;
  SIMSWARM_CHECK(store.back_end().each(store::kAttempts, {"campaign", id}, [&](const store::Document& one) -> Status {
    SIMSWARM_TRY(const store::AttemptRecord record, attempt_from(one));
    ++outcomes[std::string(to_text(record.attempt.verdict.outcome))];
    return {};
  }));
  object = campaign_json(*view);
  object["attempts"] = outcomes;
  std::vector<std::string> parts;
  for (const auto& [outcome, number] : outcomes) parts.push_back(fmt::format("{} {}", number, outcome));
  std::string text = field("campaign", id) + field("name", view->record.name) + field("host", view->record.host) +
                     field("complete", runs_text(*view)) + field("attempts", join(parts, ", ")) +
                     field("conflicts", view->conflicts == 0 ? "" : std::to_string(view->conflicts)) +
                     field("size", fmt::format("{}: {} in blobs, {} in documents", human_bytes(view->bytes()),
                                               human_bytes(view->blob_bytes), human_bytes(view->inline_bytes))) +
                     field("collected", view->collected ? to_text(*view->collected) : "no");
  if (!view->is_known) return text;
  SIMSWARM_TRY(const std::string artifact, blob_text(store, view->record.artifact));
  SIMSWARM_TRY(const std::string plan, blob_text(store, view->record.plan));
  SIMSWARM_TRY(const auto conflicts, store.conflicts(id));
  object["conflicting"] = json::array();
  text += field("created", to_text(view->record.created)) + field("queue", view->record.queue) +
          field("artifact", artifact) + field("plan", plan);
  for (const store::RunRecord& record : conflicts) {
    object["conflicting"].push_back({{"key", record.made_by.attempt.key.digest.hex()},
                                     {"run", record.made_by.run},
                                     {"worker", record.made_by.worker}});
    text += field("conflict", fmt::format("{} of worker {}: differs from the result that counts", record.made_by.run,
                                          record.made_by.worker));
  }
  return text;
}

Result<std::string> show_run(Store& store, const std::string& id, json& object) {
  SIMSWARM_TRY(const Digest digest, Digest::parse(id));
  const RunKey key{digest};
  SIMSWARM_TRY(const auto found, store.results({&key, 1}, store::Part::kBody));
  if (!found.front()) return environment_error("the result of {} has just been removed", id);
  const store::RunRecord& record = *found.front();
  const Attempt& attempt = record.made_by.attempt;
  object = {{"key", id},
            {"run", record.made_by.run},
            {"campaign", attempt.campaign},
            {"attempt", attempt.number},
            {"outcome", to_text(attempt.verdict.outcome)},
            {"worker", record.made_by.worker},
            {"host", attempt.host},
            {"started", to_text(attempt.started)},
            {"ended", to_text(attempt.ended)},
            {"canonical", record.canonical.hex()},
            {"archive", record.archive.hex()},
            {"in_blob", record.in_blob()},
            {"files", json::array()}};
  result::TextTable table({"file", "size", "digest"});
  for (const ResultFile& file : record.files) {
    object["files"].push_back({{"path", file.path}, {"size", file.size}, {"sha256", file.digest.hex()}});
    table.add_row({file.path, human_bytes(file.size), file.digest.hex().substr(0, 12)});
  }
  std::string text =
      field("run", record.made_by.run) + field("key", id) + field("campaign", attempt.campaign) +
      field("outcome", fmt::format("{} in attempt {}", to_text(attempt.verdict.outcome), attempt.number)) +
      field("worker", fmt::format("{} on {}", record.made_by.worker, attempt.host)) +
      field("ended", to_text(attempt.ended));
  if (record.in_blob()) {
    SIMSWARM_TRY(const std::string blob, blob_text(store, record.archive));
    text += field("archive", blob);
  } else if (!record.archive.empty()) {
    text += field("archive", fmt::format("{}\n{:12}{}, stored {}", record.archive.hex(), "",
                                         human_bytes(record.archive_size), human_bytes(record.packed_size)));
  }
  return record.files.empty() ? text + "no files\n" : text + "\n" + table.render(table_style());
}

Result<std::string> show_blob(Store& store, const std::string& id, json& object) {
  SIMSWARM_TRY(const auto found, store.back_end().find(store::kBlobs, {&id, 1}, store::Part::kBody));
  if (!found.front()) return environment_error("blob {} has just been removed", id);
  SIMSWARM_TRY(const store::BlobRecord record, blob_from(*found.front()));
  object = {{"blob", id},
            {"size", record.size},
            {"stored", record.stored},
            {"file", record.file},
            {"created", to_text(record.created)}};
  return field("blob", id) + field("size", human_bytes(record.size)) + field("stored", human_bytes(record.stored)) +
         field("file", record.file) + field("created", to_text(record.created));
}

Result<ExitCode> show(Store& store, const UpkeepArguments& arguments) {
  if (arguments.words.empty()) return usage_error("store show: which? A campaign, a key or a digest");
  json items = json::array();
  std::vector<std::string> texts;
  for (const std::string& word : arguments.words) {
    SIMSWARM_TRY(const StoreItem item, find_item(store, word));
    json object;
    auto text = item.kind == StoreItem::Kind::kCampaign ? show_campaign(store, item.id, object)
                : item.kind == StoreItem::Kind::kRun    ? show_run(store, item.id, object)
                                                        : show_blob(store, item.id, object);
    if (!text) return propagate(text.error());
    texts.push_back(std::move(*text));
    items.push_back(std::move(object));
  }
  print(arguments.json ? dumped({{"items", items}}) : join(texts, "\n"));
  return ExitCode::kOk;
}

std::string_view name_of(store::Damage::What what) {
  switch (what) {
    case store::Damage::What::kArtifact:
      return "artifact";
    case store::Damage::What::kPlan:
      return "plan";
    case store::Damage::What::kResult:
      return "result";
    case store::Damage::What::kConflict:
      break;
  }
  return "conflict";
}

Result<ExitCode> verify_all(Store& store, const UpkeepArguments& arguments) {
  json damages = json::array();
  store::VerifyOptions options;
  options.repair = arguments.repair;
  options.on_damage = [&](const store::Damage& damage) {
    damages.push_back({{"what", name_of(damage.what)},
                       {"campaign", damage.campaign},
                       {"run", damage.run},
                       {"id", damage.document},
                       {"trouble", damage.trouble}});
    if (arguments.json) return;
    print(fmt::format("damaged: {}{} of campaign {}: {}\n", name_of(damage.what),
                      damage.run.empty() ? "" : " of " + damage.run, damage.campaign, damage.trouble));
  };
  SIMSWARM_TRY(const store::Verified verified, verify(store, options));
  if (arguments.json) {
    print(dumped({{"results", verified.results},
                  {"blobs", verified.blobs},
                  {"bytes", verified.bytes},
                  {"repaired", arguments.repair},
                  {"damaged", damages}}));
  } else {
    print(fmt::format("{}, {}, {} read: {}\n", counted(verified.results, "result"), counted(verified.blobs, "blob"),
                      human_bytes(verified.bytes),
                      verified.damaged == 0 ? "all whole" : fmt::format("{} damaged", verified.damaged)));
    if (verified.damaged > 0) {
      print(arguments.repair ? "They count no more: enqueue their campaigns again, and those runs run again.\n"
                             : "simswarm store verify --repair lets those runs run again.\n");
    }
  }
  return verified.damaged == 0 ? ExitCode::kOk : ExitCode::kSomeRunsIncomplete;
}

json freed_json(const store::Freed& freed) {
  return {{"campaigns", freed.campaigns},        {"results", freed.results},
          {"result_bytes", freed.result_bytes},  {"conflicts", freed.conflicts},
          {"attempts", freed.attempts},          {"blobs", freed.blobs},
          {"blob_bytes", freed.blob_bytes},      {"files", freed.files},
          {"file_bytes", freed.file_bytes},      {"uploads", freed.uploads.files},
          {"upload_bytes", freed.uploads.bytes}, {"bytes", freed.bytes()}};
}

std::string freed_table(const store::Freed& freed) {
  result::TextTable table({"what", "number", "size"});
  const auto add = [&](const char* what, std::uint64_t number, std::optional<std::uint64_t> bytes) {
    if (number > 0) table.add_row({what, std::to_string(number), bytes ? human_bytes(*bytes) : ""});
  };
  add("campaigns", freed.campaigns.size(), std::nullopt);
  add("results", freed.results, freed.result_bytes);
  add("conflicts", freed.conflicts, std::nullopt);
  add("attempts", freed.attempts, std::nullopt);
  add("blobs that nothing names", freed.blobs, freed.blob_bytes);
  add("files that are no blob's", freed.files, freed.file_bytes);
  add("uploads that never ended", freed.uploads.files, freed.uploads.bytes);
  return table.rows() == 0 ? std::string() : table.render(table_style());
}

Result<std::optional<std::chrono::seconds>> seconds_from(const char* option, const std::string& word) {
  if (word.empty()) return std::nullopt;
  const auto seconds = parse_duration(word);
  constexpr double kMost = 1e10;
  if (!seconds || *seconds < 0 || *seconds > kMost)
    return usage_error("{}={}: expected a duration, like 12h or 30d", option, word);
  return std::chrono::seconds(static_cast<std::int64_t>(*seconds));
}

Result<ExitCode> collect(Store& store, const UpkeepArguments& arguments) {
  store::GarbageOptions options;
  options.dry_run = arguments.dry_run;
  SIMSWARM_TRY(const auto grace, seconds_from("--grace", arguments.grace));
  options.grace = grace.value_or(options.grace);
  SIMSWARM_TRY(options.collected_older_than, seconds_from("--collected-older-than", arguments.collected_older_than));
  SIMSWARM_TRY(const store::Freed freed, collect_garbage(store, options));
  if (arguments.json) {
    json all = freed_json(freed);
    all["dry_run"] = arguments.dry_run;
    return print(dumped(all)), ExitCode::kOk;
  }
  print(freed_table(freed));
  print(fmt::format("{} {}\n", human_bytes(freed.bytes()), arguments.dry_run ? "would be freed" : "freed"));
  return ExitCode::kOk;
}

Result<ExitCode> remove(Store& store, const UpkeepArguments& arguments) {
  if (arguments.words.empty()) return usage_error("store rm: which campaigns?");
  std::vector<std::string> ids;
  for (const std::string& word : arguments.words) {
    SIMSWARM_TRY(std::string id, find_campaign_in(store, word));
    ids.push_back(std::move(id));
  }
  store::Freed all;
  for (const std::string& id : ids) {
    SIMSWARM_TRY(const store::Freed freed, remove_campaign(store, id));
    all.campaigns.push_back(id);
    all.results += freed.results;
    all.result_bytes += freed.result_bytes;
    all.conflicts += freed.conflicts;
    all.attempts += freed.attempts;
  }
  if (arguments.json) return print(dumped(freed_json(all))), ExitCode::kOk;
  print(fmt::format("{} removed with {}; simswarm store gc frees the room of blobs\n",
                    counted(all.campaigns.size(), "campaign"), counted(all.results, "result")));
  return ExitCode::kOk;
}

Result<ExitCode> change_quota(Store& store, const UpkeepArguments& arguments) {
  if (arguments.words.size() > 1) return usage_error("store quota: one size, or none");
  if (!arguments.words.empty()) {
    const std::string& word = arguments.words.front();
    const auto bytes = parse_bytes(word);
    if (word != "none" && !bytes) return usage_error("store quota {}: expected a size, like 500G, or none", word);
    SIMSWARM_CHECK(store.set_quota(word == "none" ? std::nullopt : bytes));
  }
  SIMSWARM_TRY(const auto quota, store.quota());
  SIMSWARM_TRY(const store::Usage usage, store.usage());
  print(arguments.json ? dumped(usage_json(usage, quota)) : quota_line(usage, quota));
  return ExitCode::kOk;
}

// An option that the action would pass over is a mistake.
Status check_options(const UpkeepArguments& arguments) {
  const std::vector<std::tuple<const char*, bool, const char*>> owned{
      {"--repair", arguments.repair, "verify"},
      {"--grace", !arguments.grace.empty(), "gc"},
      {"--collected-older-than", !arguments.collected_older_than.empty(), "gc"},
      {"--dry-run", arguments.dry_run, "gc"},
      {"--collect", !arguments.patterns.empty(), "get"},
      {"--into", !arguments.into.empty(), "get"},
      {"--replace", arguments.replace, "get"}};
  for (const auto& [option, is_given, action] : owned) {
    if (is_given && arguments.action != action)
      return usage_error("{} belongs to store {}, not to store {}", option, action, arguments.action);
  }
  const bool takes_none = arguments.action == "verify" || arguments.action == "gc";
  if (takes_none && !arguments.words.empty())
    return usage_error("store {} takes no further word (it was given «{}»)", arguments.action, arguments.words.front());
  return {};
}

// A look makes no store where there is none; setting a quota may be the first word to one.
Status expect_store(const UpkeepArguments& arguments, const std::string& url) {
  if (arguments.action == "quota" && !arguments.words.empty()) return {};
  SIMSWARM_TRY(const store::StoreAddress address, store::parse_store_url(url));
  std::error_code error;
  if (address.kind != store::StoreAddress::Kind::kDirectory || fs::exists(address.folder / "format", error)) return {};
  return environment_error("there is no store in {}; the first campaign that uses it makes it",
                           address.folder.string());
}

}  // namespace

Result<ExitCode> store_command(const UpkeepArguments& arguments) {
  using Action = Result<ExitCode> (*)(Store&, const UpkeepArguments&);
  const std::vector<std::pair<std::string, Action>> actions{
      {"ls", list},      {"show", show}, {"verify", verify_all}, {"gc", collect},
      {"get", get_from}, {"rm", remove}, {"quota", change_quota}};
  const auto action =
      std::find_if(actions.begin(), actions.end(), [&](const auto& one) { return one.first == arguments.action; });
  if (action == actions.end()) {
    std::vector<std::string> names;
    for (const auto& [name, ignored] : actions) names.push_back(name);
    const auto near = near_misses(arguments.action, names, 1);
    return usage_error("store {}: there are {}{}", arguments.action, join(names, ", "),
                       near.empty() ? "" : "; did you mean " + near.front() + "?");
  }
  SIMSWARM_CHECK(check_options(arguments));
  SIMSWARM_TRY(const std::string url, store_url(arguments.store));
  SIMSWARM_CHECK(expect_store(arguments, url));
  SIMSWARM_TRY(const auto store, store::open_store(url));
  return action->second(*store, arguments);
}

}  // namespace simswarm::cli
