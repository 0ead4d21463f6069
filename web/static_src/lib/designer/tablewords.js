// What the editor of decision tables says, in Chinese. Words it has besides these stay English.
const WORDS = {
  "Add cell description": "添加单元格说明", "Add input": "增加输入列", "Add input column left": "左侧增加输入列", "Add input column right": "右侧增加输入列",
  "Add output": "增加输出列", "Add output column left": "左侧增加输出列", "Add output column right": "右侧增加输出列", "Add predefined values": "添加可选值",
  "Add rule": "增加一行", "Add rule above": "上方增加一行", "Add rule below": "下方增加一行", "Add values": "添加值", After: "之后", And: "而且",
  Annotation: "备注（依据）", Annotations: "备注（依据）", Before: "之前", Between: "之间", "Boolean value": "是否值", "Clear predefined values": "清除可选值",
  Comparison: "比较", "Comparison operator": "比较方式", "Copy input column": "复制输入列", "Copy output column": "复制输出列", "Copy rule": "复制该行",
  "Custom values": "自定义值", "Cut input column": "剪切输入列", "Cut output column": "剪切输出列", "Cut rule": "剪切该行", Date: "日期", "Date value": "日期值",
  "Decision name": "决策名称", "Decision name: ": "决策名称：", Edit: "修改", "Edit input": "修改输入", "Edit output": "修改输出", "Edit number": "修改数字",
  "Edit string": "修改文字", "Edit boolean": "修改是否值", "Edit date": "修改日期", "End value": "止", "Enter expression": "填写表达式", Equals: "等于", Exactly: "正好",
  Exclude: "不含端点", Include: "含端点", Expression: "表达式", Greater: "大于", "Greater or equals": "不小于", "Hit policy": "命中策略", "Hit policy:": "命中策略：",
  Input: "输入", "Input expression": "输入取自", "Input expression: ": "输入取自：", "Input label": "列名", "Input label: ": "列名：", "Input type": "类型",
  "Input values": "可选值", Less: "小于", "Less or equals": "不大于", "Match none": "都不是", "Match one": "是其中之一", "Move rule": "移动该行", No: "否",
  "No values": "没有值", Output: "输出", "Output label": "列名", "Output label: ": "列名：", "Output name": "输出名称", "Output name: ": "输出名称：", "Output type": "类型",
  "Output values": "输出值（按优先顺序）", "Paste input column left": "左侧粘贴输入列", "Paste input column right": "右侧粘贴输入列", "Paste output column left": "左侧粘贴输出列",
  "Paste output column right": "右侧粘贴输出列", "Paste rule above": "上方粘贴", "Paste rule below": "下方粘贴", "Predefined values": "可选值", Range: "区间",
  "Range start value": "起", "Range end value": "止", "Remove cell description": "删除单元格说明", "Remove input column": "删除输入列", "Remove output column": "删除输出列",
  "Remove rule": "删除该行", Resize: "调整列宽", "Set value": "设值", "Start date": "起", "End date": "止", "String value": "文字值",
  "Strings must be in double quotes": "文字要加双引号", "Test type": "判断方式", Then: "则", Type: "类型", "Use today": "用今天", Value: "值", Values: "值", When: "当", Yes: "是",
  Unique: "唯一（UNIQUE）", First: "首行（FIRST）", Priority: "优先（PRIORITY）", Any: "任一（ANY）", Collect: "全部收集（COLLECT）", "Collect (Sum)": "收集求和", "Collect (Min)": "收集取最小",
  "Collect (Max)": "收集取最大", "Collect (Count)": "收集计数", "Rule order": "按行序收集", "Output order": "按输出优先序收集",
  "No overlap is possible and all rules are disjoint. Only a single rule can be matched": "各行互不重叠，至多一行命中",
  "Rules may overlap. The first matching rule will be chosen": "可以重叠，取最先命中的一行",
  "Rules may overlap. The one with the highest priority will be chosen": "可以重叠，取输出值列表中最靠前的",
  "Rules may overlap. Their output have to match": "可以重叠，但结果必须相同", "Collects the values of all matching rules": "收集所有命中行的结果",
  boolean: "是否", date: "日期", number: "数字", string: "文字", integer: "整数", long: "整数", double: "数字", Any_: "任意", time: "时间", dateTime: "日期时间",
  "Collects the values of all matching rules in rule order": "按行序收集所有命中行的结果",
};

export default function words(language) {
  const translate = (template, replacements = {}) => {
    const said = (language === "zh" && WORDS[template]) || template;
    return said.replace(/{\s*([^}\s]+)\s*}/g, (_, key) => replacements[key] ?? `{${key}}`);
  };
  return { translate: ["value", translate] };
}
