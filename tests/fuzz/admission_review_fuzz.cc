/// The input is what the webhook is asked. Properties: nothing is thrown; the patch makes the injected pod of the one
/// asked about; who is injected and asked about again stays as he is; the answer is JSON that allows.
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string_view>

#include "inject/pod_injection.h"
#include "kube/admission_review.h"

using namespace outrigger;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t size) {
  static const inject::Settings settings{.image = "outrigger:1", .operator_address = "https://operator:8443"};
  const auto request = kube::read_admission_review({reinterpret_cast<const char*>(input), size});
  if (!request) return 0;
  for (const auto security : {inject::PodSecurity::open, inject::PodSecurity::enforced}) {
    const auto injection = inject::inject(request->object, request->ns, settings, "PEM", security);
    if (!injection) continue;
    const auto patch = inject::patch_between(request->object, injection->pod);
    CHECK(request->object.patch(patch) == injection->pod);
    const auto answer = nlohmann::json::parse(kube::admission_answer(request->uid, patch, injection->warnings));
    CHECK(answer["response"]["allowed"] == true);
    if (injection->left_alone) continue;
    const auto again = inject::inject(injection->pod, request->ns, settings, "PEM", security);
    CHECK(again && !again->left_alone && again->pod == injection->pod);
  }
  return 0;
}
