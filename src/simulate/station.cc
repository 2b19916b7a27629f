#include "simulate/station.h"

#include <algorithm>
#include <cmath>

#include "result/result.h"

namespace outrigger::simulate {

void Station::pass_time(Time now) {
  progress_ += speed_ * static_cast<double>((now - last_).count());
  last_ = now;
}

void Station::serve(const Job& job) {
  serving_.push_back({.end = progress_ + job.work_ns, .order = served_++, .job = job});
  std::push_heap(serving_.begin(), serving_.end());
}

void Station::enter(const Job& job, Time now) {
  pass_time(now);
  if (workers_ == 0 || serving_.size() < workers_) {
    serve(job);
  } else {
    waiting_.push_back(job);
  }
}

Job Station::finish(Time now) {
  CHECK(!serving_.empty());
  pass_time(now);
  std::pop_heap(serving_.begin(), serving_.end());
  const Job done = serving_.back().job;
  serving_.pop_back();
  if (!waiting_.empty()) {
    serve(waiting_.front());
    waiting_.pop_front();
  }
  return done;
}

void Station::set_speed(double speed, Time now) {
  pass_time(now);
  speed_ = speed;
}

std::vector<Job> Station::clear(Time now) {
  pass_time(now);
  std::sort(serving_.begin(), serving_.end(), [](const auto& a, const auto& b) { return a.order < b.order; });
  std::vector<Job> jobs;
  for (const Serving& serving : serving_) jobs.push_back(serving.job);
  jobs.insert(jobs.end(), waiting_.begin(), waiting_.end());
  serving_.clear();
  waiting_.clear();
  return jobs;
}

std::optional<Time> Station::next_end() const {
  if (serving_.empty() || speed_ == 0) return std::nullopt;
  const double left_ns = std::max(0.0, serving_.front().end - progress_) / speed_;
  return last_ + Time(static_cast<Time::rep>(std::llround(left_ns)));
}

}  // namespace outrigger::simulate
