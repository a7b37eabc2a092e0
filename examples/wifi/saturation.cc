// How much an 802.11g cell carries when every station always has a packet waiting: N stations on a circle around one
// access point, all within range of each other, offer together what the data rate would carry if the air had no
// overhead. Writes one row to a table; simswarm starts it once for each number of stations, rate and repetition.
#include <ns3/core-module.h>
#include <ns3/mobility-module.h>
#include <ns3/network-module.h>
#include <ns3/wifi-module.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

namespace {

constexpr double kTrafficStart = 1.0;  // by then every station is associated
constexpr double kMeasureStart = 1.2;  // by then every station has packets waiting
constexpr double kRadiusMetres = 5;

struct Study {
  std::uint32_t stations = 5;
  std::uint32_t rate = 54;    // Mbit/s of data frames
  std::uint32_t size = 1000;  // bytes of payload
  double seconds = 1;         // measured simulated time
  std::string out;
};

// What the access point received and what the stations tried, while it was measured.
struct Measured {
  std::uint64_t packets = 0;
  std::uint64_t failed_attempts = 0;
  std::vector<double> packets_of_station;
};

bool refuse(const std::string& why) {
  std::cerr << "saturation: " << why << "\n";
  return false;
}

bool valid(const Study& study) {
  static constexpr std::array<std::uint32_t, 8> kRates = {6, 9, 12, 18, 24, 36, 48, 54};
  if (std::find(kRates.begin(), kRates.end(), study.rate) == kRates.end())
    return refuse("--rate=" + std::to_string(study.rate) + " is no rate of 802.11g: 6, 9, 12, 18, 24, 36, 48 or 54");
  if (study.stations < 1 || study.stations > 100)
    return refuse("--stations=" + std::to_string(study.stations) + " is not between 1 and 100");
  if (study.size < 100 || study.size > 1472)
    return refuse("--size=" + std::to_string(study.size) + " is not between 100 and 1472 bytes");
  if (!(study.seconds >= 0.1 && study.seconds <= 3600))
    return refuse("--seconds=" + std::to_string(study.seconds) + " is not between 0.1 and 3600");
  if (study.out.empty()) return refuse("--out=FILE is missing: where does the table go?");
  return true;
}

void place(const ns3::NodeContainer& access_point, const ns3::NodeContainer& stations) {
  auto positions = ns3::CreateObject<ns3::ListPositionAllocator>();
  positions->Add(ns3::Vector(0, 0, 0));
  for (std::uint32_t i = 0; i < stations.GetN(); ++i) {
    const double angle = 2 * M_PI * i / stations.GetN();
    positions->Add(ns3::Vector(kRadiusMetres * std::cos(angle), kRadiusMetres * std::sin(angle), 0));
  }
  ns3::MobilityHelper mobility;
  mobility.SetMobilityModel("ns3::ConstantPositionMobilityModel");
  mobility.SetPositionAllocator(positions);
  mobility.Install(access_point);
  mobility.Install(stations);
}

// The access point's device first, then the stations'.
ns3::NetDeviceContainer build_cell(const Study& study, const ns3::NodeContainer& access_point,
                                   const ns3::NodeContainer& stations) {
  ns3::YansWifiPhyHelper phy;
  phy.SetChannel(ns3::YansWifiChannelHelper::Default().Create());
  ns3::WifiHelper wifi;
  wifi.SetStandard(ns3::WIFI_STANDARD_80211g);
  wifi.SetRemoteStationManager("ns3::ConstantRateWifiManager", "DataMode",
                               ns3::StringValue("ErpOfdmRate" + std::to_string(study.rate) + "Mbps"), "ControlMode",
                               ns3::StringValue("ErpOfdmRate6Mbps"));
  const ns3::Ssid ssid("simswarm");
  ns3::WifiMacHelper mac;
  mac.SetType("ns3::ApWifiMac", "Ssid", ns3::SsidValue(ssid));
  ns3::NetDeviceContainer devices = wifi.Install(phy, mac, access_point);
  // A full cell loses beacons to collisions; nobody leaves it for that.
  mac.SetType("ns3::StaWifiMac", "Ssid", ns3::SsidValue(ssid), "MaxMissedBeacons", ns3::UintegerValue(1'000'000));
  devices.Add(wifi.Install(phy, mac, stations));
  return devices;
}

// Packet sockets rather than IP: no ARP exchange gets lost in the crowd.
void start_traffic(const Study& study, const ns3::NetDeviceContainer& devices) {
  auto jitter = ns3::CreateObject<ns3::UniformRandomVariable>();
  const double interval = study.size * 8.0 * study.stations / (study.rate * 1e6);
  for (std::uint32_t i = 1; i < devices.GetN(); ++i) {
    ns3::PacketSocketAddress to;
    to.SetSingleDevice(devices.Get(i)->GetIfIndex());
    to.SetPhysicalAddress(devices.Get(0)->GetAddress());
    auto client = ns3::CreateObject<ns3::PacketSocketClient>();
    client->SetAttribute("PacketSize", ns3::UintegerValue(study.size));
    client->SetAttribute("MaxPackets", ns3::UintegerValue(0));
    client->SetAttribute("Interval", ns3::TimeValue(ns3::Seconds(interval)));
    client->SetRemote(to);
    client->SetStartTime(ns3::Seconds(kTrafficStart + 0.05 * jitter->GetValue()));
    devices.Get(i)->GetNode()->AddApplication(client);
  }
}

void watch(const ns3::NetDeviceContainer& devices, Measured& measured) {
  measured.packets_of_station.resize(devices.GetN() - 1);
  auto access_point = ns3::DynamicCast<ns3::WifiNetDevice>(devices.Get(0));
  access_point->SetReceiveCallback([devices, &measured](auto, auto, std::uint16_t, const ns3::Address& from) {
    if (ns3::Simulator::Now() < ns3::Seconds(kMeasureStart)) return true;
    ++measured.packets;
    for (std::uint32_t i = 1; i < devices.GetN(); ++i)
      if (devices.Get(i)->GetAddress() == from) measured.packets_of_station[i - 1] += 1;
    return true;
  });
  const ns3::Callback<void, ns3::Mac48Address> failed([&measured](ns3::Mac48Address) {
    if (ns3::Simulator::Now() >= ns3::Seconds(kMeasureStart)) ++measured.failed_attempts;
  });
  for (std::uint32_t i = 1; i < devices.GetN(); ++i)
    ns3::DynamicCast<ns3::WifiNetDevice>(devices.Get(i))
        ->GetRemoteStationManager()
        ->TraceConnectWithoutContext("MacTxDataFailed", failed);
}

void report_progress(double end) {
  std::cout << "progress " << std::lround(100 * ns3::Simulator::Now().GetSeconds() / end) << "%" << std::endl;
  ns3::Simulator::Schedule(ns3::Seconds(end / 20), &report_progress, end);
}

// Jain's index: 1 when all stations get the same, 1/N when one gets all.
double fairness(const std::vector<double>& shares) {
  double sum = 0;
  double squares = 0;
  for (const double share : shares) {
    sum += share;
    squares += share * share;
  }
  return squares > 0 ? sum * sum / (static_cast<double>(shares.size()) * squares) : 0;
}

bool write_table(const Study& study, const Measured& measured) {
  const auto packets = static_cast<double>(measured.packets);
  const auto failed = static_cast<double>(measured.failed_attempts);
  std::ofstream table(study.out);
  table << "stations,rate,size,run,throughput,collisions,fairness,delay\n"
        << study.stations << ',' << study.rate << ',' << study.size << ',' << ns3::RngSeedManager::GetRun() << ','
        << packets * study.size * 8 / study.seconds / 1e6 << ',' << failed / (packets + failed) << ','
        << fairness(measured.packets_of_station) << ',' << 1000 * study.stations * study.seconds / packets << '\n';
  table.close();
  return table.good() || refuse("cannot write the table " + study.out);
}

bool run(const Study& study) {
  ns3::NodeContainer access_point(1);
  ns3::NodeContainer stations(study.stations);
  place(access_point, stations);
  const ns3::NetDeviceContainer devices = build_cell(study, access_point, stations);
  ns3::PacketSocketHelper().Install(stations);
  start_traffic(study, devices);
  Measured measured;
  watch(devices, measured);
  const double end = kMeasureStart + study.seconds;
  ns3::Simulator::Schedule(ns3::Seconds(0), &report_progress, end);
  ns3::Simulator::Stop(ns3::Seconds(end));
  ns3::Simulator::Run();
  ns3::Simulator::Destroy();
  if (measured.packets == 0) return refuse("nothing was received: no station reached the access point");
  std::cout << "done: " << measured.packets << " packets" << std::endl;
  return write_table(study, measured);
}

}  // namespace

int main(int argc, char* argv[]) {
  Study study;
  ns3::CommandLine words(__FILE__);
  words.AddValue("stations", "number of stations, 1 to 100", study.stations);
  words.AddValue("rate", "rate of the data frames in Mbit/s: 6, 9, 12, 18, 24, 36, 48 or 54", study.rate);
  words.AddValue("size", "payload of a packet in bytes, 100 to 1472", study.size);
  words.AddValue("seconds", "simulated seconds that are measured", study.seconds);
  words.AddValue("out", "the table to write", study.out);
  words.Parse(argc, argv);
  return valid(study) && run(study) ? 0 : 1;
}
