// What the store knows of sources, builds and plans.
#include "store/store.h"

namespace simswarm::store {
namespace {

Status keep(BackEnd& back_end, const char* collection, const Document& document) {
  SIMSWARM_TRY([[maybe_unused]] const auto inserted, back_end.insert(collection, {&document, 1}));
  return {};
}

Status forget(BackEnd& back_end, const char* collection, const std::string& id) {
  SIMSWARM_TRY([[maybe_unused]] const bool was_there, back_end.remove(collection, id));
  return {};
}

// One that cannot be read is as good as none: it is made anew.
template <typename Record>
Result<std::optional<Record>> find(BackEnd& back_end, const char* collection, const std::string& id,
                                   Result<Record> (*read)(const Document&)) {
  SIMSWARM_TRY(const auto found, back_end.find(collection, {&id, 1}, Part::kBody));
  if (!found.front()) return std::nullopt;
  Result<Record> record = read(*found.front());
  if (record) return std::move(*record);
  SIMSWARM_CHECK(forget(back_end, collection, id));
  return std::nullopt;
}

}  // namespace

Status Store::note(const SourceRecord& record) {
  return keep(*back_end_, kSources, to_document(record));
}

Status Store::note(const BuildRecord& record) {
  return keep(*back_end_, kBuilds, to_document(record));
}

Status Store::note(const PlanRecord& record) {
  return keep(*back_end_, kPlans, to_document(record));
}

Result<std::vector<std::optional<SourceRecord>>> Store::sources(std::span<const std::string> trees) {
  std::vector<std::optional<SourceRecord>> records;
  if (trees.empty()) return records;
  SIMSWARM_TRY(const auto found, back_end_->find(kSources, trees, Part::kBody));
  for (const std::optional<Document>& document : found) {
    records.emplace_back();
    if (!document) continue;
    Result<SourceRecord> record = source_from(*document);
    if (!record) SIMSWARM_CHECK(forget(*back_end_, kSources, document->id));
    if (record) records.back() = std::move(*record);
  }
  return records;
}

Result<std::optional<BuildRecord>> Store::build(const Digest& key) {
  return find<BuildRecord>(*back_end_, kBuilds, key.hex(), &build_from);
}

Result<std::optional<PlanRecord>> Store::plan(const Digest& id) {
  return find<PlanRecord>(*back_end_, kPlans, id.hex(), &plan_from);
}

Status Store::forget_source(const std::string& tree) {
  return forget(*back_end_, kSources, tree);
}

Status Store::forget_build(const Digest& key) {
  return forget(*back_end_, kBuilds, key.hex());
}

Status Store::forget_plan(const Digest& id) {
  return forget(*back_end_, kPlans, id.hex());
}

Status Store::note_cancelled(const std::string& campaign, Stamp when) {
  return keep(*back_end_, kCancelled, number_document(campaign, when.time_since_epoch().count()));
}

Result<bool> Store::is_cancelled(const std::string& campaign) {
  SIMSWARM_TRY(const auto found, back_end_->find(kCancelled, {&campaign, 1}, Part::kBody));
  return found.front().has_value();
}

}  // namespace simswarm::store
