#include "inject/pod_options.h"

#include <gtest/gtest.h>

#include "inject/quantity.h"
#include "inject/sidecar_config.h"

namespace outrigger::inject {
namespace {

const Settings kSettings{.image = "outrigger:1", .operator_address = "https://op.ns.svc:8443"};

ParsedPodOptions parsed(const std::string& key, const std::string& value) {
  return parse_pod_options({{"outrigger.dev/" + key, value}}, kSettings);
}

TEST(PodOptions, AreTheSettingsWithoutAnnotations) {
  const auto all = parse_pod_options({{"other", "x"}}, kSettings);
  EXPECT_TRUE(all.errors.empty());
  EXPECT_EQ(all.options.mode, Mode::transparent);
  EXPECT_EQ(all.options.resources, kSettings.resources);
  EXPECT_EQ(model::ports_text(all.options.skip_ports), "53,10250");
}

TEST(PodOptions, WhoAsksForCoresGetsAsManyWorkersAndNoLimitBelow) {
  const auto cpu = parsed("proxy-cpu", "1500m");
  EXPECT_EQ(cpu.options.resources.cpu_request, "1500m");
  Settings limited = kSettings;
  for (const auto& [limit, kept] : {std::pair("1", ""), {"2", "2"}}) {
    limited.resources.cpu_limit = limit;
    const auto options = parse_pod_options({{"outrigger.dev/proxy-cpu", "1500m"}}, limited).options;
    EXPECT_EQ(options.resources.cpu_limit, kept);
  }
  EXPECT_EQ(cpu.options.workers, 2u);
  EXPECT_EQ(parsed("proxy-cpu", "100").options.workers, 64u);
}

TEST(PodOptions, MemoryIsARequestAndALimit) {
  const auto memory = parsed("proxy-memory", "64Mi");
  EXPECT_EQ(memory.options.resources.memory_request, "64Mi");
  EXPECT_EQ(memory.options.resources.memory_limit, "64Mi");
}

TEST(PodOptions, PortsJoinThoseOfTheSettings) {
  EXPECT_EQ(model::ports_text(parsed("skip-outbound-ports", "5432, 9000-9100,52").options.skip_ports),
            "52-53,5432,9000-9100,10250");
}

TEST(PodOptions, ABadOneSaysWhatIsAllowedAndLeavesTheSettings) {
  for (const auto& [key, value] : std::vector<std::pair<std::string, std::string>>{
           {"mode", "on"}, {"proxy-cpu", "0"}, {"proxy-memory", "15Mi"}, {"skip-outbound-ports", "0"}}) {
    const auto bad = parsed(key, value);
    ASSERT_EQ(bad.errors.size(), 1u) << key;
    EXPECT_TRUE(bad.errors[0].starts_with("outrigger.dev/" + key + ": '" + value + "' is not allowed; allowed: "))
        << bad.errors[0];
    EXPECT_EQ(bad.options.resources, kSettings.resources);
    EXPECT_EQ(bad.options.skip_ports, kSettings.skip_ports);
  }
}

TEST(Quantity, IsReadAsKubernetesMeansIt) {
  EXPECT_EQ(parse_cpu("100m").value(), 100);
  EXPECT_EQ(parse_cpu("0.3").value(), 300);
  EXPECT_EQ(parse_cpu("2").value(), 2'000);
  EXPECT_EQ(parse_cpu("0.0015").value(), 2);
  EXPECT_EQ(parse_memory("64Mi").value(), 64 << 20);
  EXPECT_EQ(parse_memory("100M").value(), 100'000'000);
  EXPECT_EQ(parse_memory("1.5Gi").value(), 3LL << 29);
  for (const char* bad : {"", "m", "-1", "1 ", "1x", "1e3", "0.0001", "257", "nan", "0x10", "1..5"})
    EXPECT_FALSE(parse_cpu(bad)) << bad;
  for (const char* bad : {"", "Mi", "-64Mi", "15Mi", "64mi", "2Ti", "64Mi ", "inf"})
    EXPECT_FALSE(parse_memory(bad)) << bad;
}

TEST(SidecarConfig, HoldsWhatAWorkerKeepsToAPartOfTheMemoryLimit) {
  const auto config = [](const std::string& memory, std::uint32_t workers) {
    return sidecar_config("shop", kSettings, {.resources = {.memory_limit = memory}, .workers = workers});
  };
  EXPECT_NE(config("128Mi", 0).find("bufferedBytes: 53687091}"), std::string::npos) << config("128Mi", 0);
  EXPECT_NE(config("128Mi", 2).find("bufferedBytes: 26843545}"), std::string::npos);
  EXPECT_NE(config("16Mi", 8).find("bufferedBytes: 1048576}"), std::string::npos);
  EXPECT_NE(config("", 0).find("bufferedBytes: 67108864}"), std::string::npos);
}

}  // namespace
}  // namespace outrigger::inject
