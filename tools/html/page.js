// Draws the charts of a report page from the JSON element `chart-data`. The page is whole without
// it: what has no data says so in its text.
'use strict';
(function () {
  const charts = JSON.parse(document.getElementById('chart-data').textContent);
  const colours = {live: '#2a78c2', mapped: '#7a7a7a', quarantined: '#c2742a'};

  function bytes(value) {
    if (value == null) return '';
    const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
    let unit = 0;
    while (value >= 1024 && unit + 1 < units.length) {
      value /= 1024;
      unit++;
    }
    return (Number.isInteger(value) ? value : value.toFixed(1)) + ' ' + units[unit];
  }

  // Axes of bytes are divided at powers of two.
  const steps = Array.from({length: 50}, (_, i) => Math.pow(2, i));

  function series(label, colour) {
    return {label: label, stroke: colour, width: 2, value: (u, v) => bytes(v)};
  }

  function timeline(place, chart) {
    new uPlot({
      width: place.clientWidth || 860,
      height: 260,
      scales: {x: {time: false}},
      series: [{label: 'ms', value: (u, v) => (v == null ? '' : v + ' ms')},
               series('live', colours.live), series('mapped', colours.mapped),
               series('quarantined', colours.quarantined)],
      axes: [{values: (u, ticks) => ticks.map((t) => t + ' ms')},
             {size: 80, incrs: steps, values: (u, ticks) => ticks.map(bytes)}],
    }, [chart.ms, chart.live, chart.mapped, chart.quarantined], place);
  }

  function histogram(place, chart) {
    const at = chart.up_to.map((_, i) => i);
    new uPlot({
      width: place.clientWidth || 860,
      height: 260,
      scales: {x: {time: false, range: [-0.5, at.length - 0.5]}, y: {range: (u, lo, hi) => [0, hi || 1]}},
      series: [{label: 'up to', value: (u, v) => (v == null ? '' : bytes(chart.up_to[v]))},
               {label: 'live blocks', stroke: colours.live, fill: colours.live + '80',
                paths: uPlot.paths.bars({size: [0.8, 80]}), points: {show: false}}],
      axes: [{splits: () => at, values: () => chart.up_to.map(bytes), rotate: -45, size: 70},
             {size: 80, incrs: [1, 2, 5, 10, 20, 50, 100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9]}],
    }, [at, chart.blocks], place);
  }

  for (const chart of charts) {
    const place = document.getElementById(chart.place);
    (chart.kind === 'timeline' ? timeline : histogram)(place, chart);
  }
})();
