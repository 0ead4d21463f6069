// What bpmn-js says, in Chinese. Words it has besides these stay English.
const WORDS = {
  "Activate create/remove space tool": "增减间距", "Activate global connect tool": "连线工具", "Activate hand tool": "移动画布",
  "Activate lasso tool": "框选", "Add lane above": "上方加泳道", "Add lane below": "下方加泳道", "Add text annotation": "添加注释",
  "Align elements": "对齐", "Append conditional intermediate catch event": "后接条件事件", "Append end event": "后接结束",
  "Append gateway": "后接网关", "Append intermediate/boundary event": "后接中间事件", "Append message intermediate catch event": "后接消息事件",
  "Append receive task": "后接接收任务", "Append signal intermediate catch event": "后接信号事件", "Append task": "后接任务",
  "Append timer intermediate catch event": "后接定时事件", "Append compensation activity": "后接补偿活动", "Change element": "更换类型",
  "Connect to other element": "连接到其他元素", "Connect using association": "用关联连接", "Connect using data input association": "用数据关联连接",
  "Create data object reference": "数据对象", "Create data store reference": "数据存储", "Create end event": "结束事件",
  "Create expanded sub-process": "展开的子流程", "Create gateway": "网关", "Create group": "分组", "Create intermediate/boundary event": "中间事件",
  "Create pool/participant": "泳池", "Create start event": "开始事件", "Create task": "任务", Delete: "删除",
  "Distribute elements horizontally": "水平均布", "Distribute elements vertically": "垂直均布", "Divide into three lanes": "分为三条泳道",
  "Divide into two lanes": "分为两条泳道", Loop: "循环", "Parallel multi-instance": "并行多实例", "Sequential multi-instance": "串行多实例",
  "Toggle non-interrupting": "中断/不中断", "Participant multiplicity": "多参与者", Collection: "集合",
  "User task": "用户任务", "Service task": "服务步骤", "Business rule task": "决策步骤", "Manual task": "手工任务", "Send task": "发送任务",
  "Receive task": "接收任务", "Script task": "脚本任务（本系统不用）", "Call activity": "调用活动", Task: "任务", "Exclusive gateway": "排他网关",
  "Parallel gateway": "并行网关", "Inclusive gateway": "包容网关", "Event-based gateway": "事件网关", "Complex gateway": "复杂网关（本系统不用）",
  "Start event": "开始事件", "End event": "结束事件", "Terminate end event": "终止结束", "Message end event": "消息结束", "Error end event": "错误结束",
  "Timer boundary event": "定时边界事件", "Message boundary event": "消息边界事件", "Sub-process (collapsed)": "子流程（收起）",
  "Sub-process (expanded)": "子流程（展开）", "Event sub-process": "事件子流程", "Default flow": "默认流向", "Conditional flow": "条件流向",
  "Sequence flow": "顺序流", "Create element": "新建元素", "Append element": "后接元素", "Search elements": "查找元素", "Open minimap": "缩略图", "Close minimap": "收起缩略图",
  "{errors} Errors, {warnings} Warnings": "{errors}个错误，{warnings}个提醒", "No Issues": "没有问题", "Issues for child elements": "其中的步骤", "Toggle linting": "开关检查",
};

export default function words(language) {
  const translate = (template, replacements = {}) => {
    const said = (language === "zh" && WORDS[template]) || template;
    return said.replace(/{([^}]+)}/g, (_, key) => replacements[key] ?? `{${key}}`);
  };
  return { translate: ["value", translate] };
}
